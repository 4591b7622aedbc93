"""Every code that a finding about the files, their structure or their references can have, and what it stands for."""

from collections.abc import Mapping
from typing import Final

CODES: Final[Mapping[str, str]] = {
    # Files and their syntax
    "no-configuration": "A directory holds no YAML file.",
    "unreadable": "A file or a folder cannot be read.",
    "outside-root": "A file that is named, or that a link leads to, lies outside of the configuration's root.",
    "symlink-loop": "A link leads to a folder that is read already.",
    "too-large": "A file is larger than any configuration.",
    "not-utf-8": "A file is no UTF-8 text.",
    "yaml-syntax": "A file is no YAML.",
    "csv-syntax": "A table is no CSV.",
    "several-documents": "A file holds more than one document.",
    "not-a-mapping": "A file holds something other than sections.",
    "too-deep": "Lists and mappings are nested too deep.",
    "alias-bomb": "Aliases stand for too many values.",
    "endless-alias": "An alias stands for something that holds it.",
    "unknown-anchor": "An alias has no anchor.",
    "complex-key": "A key is no single value.",
    "merge-key": "A key is <<, which YAML 1.2 does not have.",
    "tag": "A value has a tag.",
    "duplicate-key": "A key is written twice.",
    "invalid-number": "A number that JSON cannot say.",
    "phone-number": "A phone number without quotes would lose its plus sign or its zeros.",
    "literal-key": "A key holds ${…}, which is text there.",
    "more-findings": "A file has more findings than are shown.",
    "no-tests": "There is no file of routing tests.",
    # Variables
    "unknown-variable": "A variable has no value.",
    "malformed-variable": "A ${…} is neither a variable nor a SID.",
    "endless-variable": "A variable needs itself.",
    "variable-too-long": "Variables make too much of a string.",
    # Overlays
    "overlay-unnamed": "An overlay does not name what it changes.",
    "overlay-ambiguous": "An overlay names what there is more than once.",
    "overlay-delete": "An overlay deletes what is not there, or says more than that.",
    # Structure
    "missing-key": "A key is missing.",
    "unknown-key": "A key has no meaning here.",
    "wrong-type": "A value is of another type.",
    "invalid-value": "A value is none of those that are possible.",
    "out-of-range": "A number is too small or too large.",
    "empty": "A value is empty.",
    "too-long": "A text is longer than TaskRouter takes.",
    "null": "A section or a field is null.",
    "sid-in-name": "A name asks for a SID.",
    # Meaning
    "duplicate-name": "Two resources have the same name.",
    "look-alike": "Two names of a kind look the same and are not.",
    "invisible-character": "A name holds a character that cannot be seen, or that changes how others are shown.",
    "renamed-from": "A former name is claimed twice, or is the present one.",
    "unknown-reference": "A name leads nowhere.",
    "dangling-sid": "A target names its queue by a SID that no declared queue has.",
    "unknown-kind": "A ${sid:…} names no kind of resource.",
    "document-too-long": "Attributes or a workflow make a larger document than TaskRouter takes.",
    "credentials-variable": "`credentials` names an environment variable that it may not name.",
    "field-path": "A path in ignore or sensitive leads nowhere.",
    "declared-and-ignored": "A field is declared, and left as it is live.",
}
