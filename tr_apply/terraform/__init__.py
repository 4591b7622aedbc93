"""A Terraform state as the configuration that would be exported from the same workspace."""

from tr_apply.terraform.configuration import TerraformExport, terraform_export

__all__ = ["TerraformExport", "terraform_export"]
