"""``tr-apply simulate``: what a change does to service levels, on simulated days."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tr_apply.api.offline import picture_of_days
from tr_apply.api.router import Access
from tr_apply.cli.bounded import answer_of, asking
from tr_apply.cli.configurations import paths_in, require_inputs, require_paths, usable
from tr_apply.cli.options import (
    CommonOptions,
    ConfigurationOptions,
    NamedPath,
    common_options,
    configuration_options,
    target_options,
)
from tr_apply.cli.output import Output
from tr_apply.cli.simulating import deadline_of, simulated
from tr_apply.config.load import Configuration
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.envelope import envelope, json_value, simple_error
from tr_apply.errors import ConfigError, InterruptedRunError
from tr_apply.report.simulation_text import gate_sentence, simulation_text
from tr_apply.resources.simulation import REPLICATIONS_LIMIT
from tr_apply.simulation.experiment import Experiment, GateLimit, GateOption
from tr_apply.simulation.request import SimulationRequest
from tr_apply.simulation.results import SimulationResults

if TYPE_CHECKING:
    from tr_apply.picture import Picture

_LIVE: Final = "live"
_SHARE: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)(pp|%)")
_FAILED: Final = ConfigError.exit_code


def _share(_: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, str] | None:
    """A share or a number of percentage points, as a fraction and as it is written."""
    if value is None:
        return None
    unit = "%" if parameter.name == "min_sl" else "pp"
    match = _SHARE.fullmatch(value)
    if match is None or match[2] != unit or float(match[1]) > 100:  # noqa: PLR2004
        raise click.BadParameter(f"{value!r} is not a number of {unit}, such as {'80%' if unit == '%' else '2pp'}")
    return float(match[1]) / 100, value


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateOptions:
    """The options of ``tr-apply simulate``, each named as click calls it."""

    load: Path
    against: str | None
    replications: int | None
    max_replications: int | None
    precision: tuple[float, str] | None
    seed: int | None
    jobs: int | None
    executor: str
    what_if: tuple[str, ...]
    calibrate: bool
    max_sl_drop: tuple[float, str] | None
    max_abandonment_rise: tuple[float, str] | None
    min_sl: tuple[float, str] | None

    @property
    def gates(self) -> tuple[GateLimit, ...]:
        """The limits that are given."""
        given: dict[GateOption, tuple[float, str] | None] = {
            "max-sl-drop": self.max_sl_drop,
            "max-abandonment-rise": self.max_abandonment_rise,
            "min-sl": self.min_sl,
        }
        return tuple(GateLimit(option, *value) for option, value in given.items() if value is not None)

    def request(self, configuration: Configuration, against: Configuration | None) -> SimulationRequest:
        """The request to simulate these configurations."""
        return SimulationRequest(
            configuration=configuration,
            load=self.load,
            against=against,
            what_if=self.what_if,
            replications=self.replications,
            max_replications=self.max_replications,
            precision=None if self.precision is None else self.precision[0],
            seed=self.seed,
            gates=self.gates,
            calibrate=self.calibrate,
        )


@click.command("simulate")
@click.argument("path", metavar="PATH", type=NamedPath())
@click.option(
    "--load",
    required=True,
    metavar="FILE",
    type=NamedPath(),
    help="Who comes, who works, and how often the day is simulated.",
)
@click.option(
    "--against",
    metavar="PATH|live",
    help="Compare with another configuration, or with the live workspace. Either may have overlays: PATH+OVERLAY.",
)
@click.option(
    "--what-if",
    "what_if",
    multiple=True,
    metavar="CHANGE",
    help="Other people or another demand, such as workers.team=sales:+1, workers.team=sales:-2..+3 or "
    "'demand.Sales calls:+20%'; repeatable.",
)
@click.option(
    "--calibrate",
    is_flag=True,
    help="Compare the days with recorded figures, as record --load writes them into FILE.",
)
@click.option(
    "--max-sl-drop",
    metavar="POINTS",
    callback=_share,
    help="Exit 3 unless the service level surely drops by at most so much, such as 2pp.",
)
@click.option(
    "--max-abandonment-rise",
    metavar="POINTS",
    callback=_share,
    help="Exit 3 unless the abandonment surely rises by at most so much, such as 1pp.",
)
@click.option(
    "--min-sl",
    metavar="SHARE",
    callback=_share,
    help="Exit 3 unless the service level is surely at least so high, such as 80%.",
)
@click.option(
    "--replications",
    metavar="N",
    type=click.IntRange(2, REPLICATIONS_LIMIT),
    help="Simulate N days  [default: what FILE says, or 30]",
)
@click.option(
    "--max-replications",
    metavar="N",
    type=click.IntRange(2, REPLICATIONS_LIMIT),
    help="Simulate up to N days while a limit or the precision is undecided  [default: 200]",
)
@click.option(
    "--precision",
    metavar="POINTS",
    callback=_share,
    help="Simulate more days until the half-width of the service level is so small, such as 0.5pp.",
)
@click.option("--seed", metavar="N", type=click.IntRange(0, 2**63 - 1), help="The same seed gives the same days.")
@click.option("--jobs", metavar="N", type=click.IntRange(1, 512), help="Processes  [default: one for each core]")
@click.option(
    "--executor",
    default="processes",
    show_default=True,
    metavar="NAME",
    help="serial, processes, or dask://HOST:PORT for a cluster.",
)
@configuration_options
@target_options
@common_options("text", "json", "html", "junit")
def simulate_command(
    path: Path, *, given: ConfigurationOptions, target: TargetOptions, common: CommonOptions, **own: Any
) -> int:  # fmt: skip
    """Simulate days in the routing engine: service level, waiting times, abandonment, occupancy.

    The file of --load says who comes and who works: `tr-apply help simulation` shows one, and record --load makes a
    first one from a live workspace. Two configurations meet the same callers on the same days. Asks no TaskRouter,
    except for --against live.

    \b
        tr-apply simulate examples/support-center --load examples/support-center/simulation.yaml
        tr-apply simulate new/ --against old/ --load simulation.yaml --max-sl-drop 2pp --max-abandonment-rise 1pp
        tr-apply simulate workspace.yaml --load simulation.yaml --what-if "workers.team=sales:-2..+3"
    """
    options, output = SimulateOptions(**own), common.output("simulate")
    until = deadline_of(common.timeout)
    sides = [str(path)] if options.against in (None, _LIVE) else [str(path), options.against]
    configuration, *others = _configurations(sides, given, output)
    if options.against == _LIVE:
        others.append(_read_live(configuration, target, common))
    request = options.request(configuration, others[0] if others else None)
    experiment = request.experiment()
    results = request.calibrated(simulated(experiment, output, until, options.executor, options.jobs))
    exit_code = _exit_code(experiment, results)
    drawn = partial(picture_of_days, request, results, is_live=options.against == _LIVE)
    _print(results, drawn, output, exit_code)
    return exit_code


def _configurations(sides: Sequence[str], given: ConfigurationOptions, output: Output) -> list[Configuration]:
    """Each side as it is written: a path, or several joined by ``+``: the first and its overlays."""
    paths = [paths_in(each) or [Path(each)] for each in sides]
    require_paths([overlay for _, *overlays in paths for overlay in overlays])
    require_inputs([path for path, *_ in paths], given.with_overlays([each for _, *own in paths for each in own]))
    return [
        usable(path, given.with_overlays(overlays), output)._replace(path=side)
        for side, (path, *overlays) in zip(sides, paths, strict=True)
    ]


def _read_live(configuration: Configuration, target: TargetOptions, common: CommonOptions) -> Configuration:
    """The live workspace that *configuration* is for, as a configuration."""
    return answer_of(lambda router: router.live_configuration(configuration), Access(target=target, **asking(common)))


def _exit_code(experiment: Experiment, results: SimulationResults) -> int:
    if experiment.interrupted:
        return InterruptedRunError.exit_code
    return 0 if all(each.state == "passed" for each in results.gates) else _FAILED


def _print(results: SimulationResults, drawn: Callable[[], "Picture | None"], output: Output, exit_code: int) -> None:
    if output.format == "json":
        errors = [simple_error("gate", gate_sentence(each)) for each in results.gates if each.state != "passed"]
        output.result(envelope("simulate", exit_code, {"simulation": json_value(results)}, errors))
    elif output.format == "html":
        from tr_apply.report.simulation_html import simulation_html  # noqa: PLC0415

        output.result(simulation_html(results, drawn()))
    elif output.format == "junit":
        from tr_apply.report.tests_junit import gates_junit  # noqa: PLC0415

        output.result(gates_junit(results))
    else:
        output.result(simulation_text(results))
