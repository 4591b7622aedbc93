"""The style of the page of a plan, on top of the style of its lanes: the colours are those of `PALETTE`.

No colour carries a meaning alone, and every text has at least the contrast 4.5 on its ground, in both themes.
"""

from typing import Final

_TEXT: Final = """
:root { --swap: #8250df; }
@media (prefers-color-scheme: dark) { :root { --swap: #bc8cff; } }
h3 { font-size: 1.05em; margin: 1.1rem 0 0; }
h4 { font-size: 1em; margin: .9rem 0 0; }
section { margin-bottom: 1.2rem; }
ul { list-style: none; padding: 0; }
li, dd, p, td, th, summary { overflow-wrap: anywhere; }
code { font: .92em ui-monospace, monospace; background: var(--band); border: 1px solid var(--edge); border-radius: 4px;
  padding: 0 .25em; }
.option { white-space: nowrap; }
pre { overflow-x: auto; }
.place { color: var(--dim); margin: .2rem 0; }
.said li { margin: .4rem 0; }
.workspace { border-top: 3px solid var(--edge); margin-top: 2rem; padding-top: .8rem; }
"""

_TILES: Final = """
.tiles { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1rem 0; }
.tile { box-sizing: border-box; border: 1px solid var(--edge); border-radius: 8px; padding: .6rem .9rem;
  min-width: 9rem; max-width: 22rem; }
.tile dt { color: var(--dim); font-size: .87em; }
.tile dd { margin: 0; }
.tile b { display: block; font-size: 1.35em; }
.tile.bad b, .bad { color: var(--bad); }
.approval, .blocked, .error, .remark { border-left: 4px solid var(--edge); padding: .3rem .8rem; margin: .5rem 0; }
.approval { border-color: var(--warn); background: var(--warn-band); color: var(--ink); }
.blocked, .error { border-color: var(--bad); background: var(--bad-band); color: var(--ink); }
"""

_TABLES: Final = """
table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--edge); }
@media (min-width: 40.01rem) { th, td { min-width: 6em; } th, td .bad { white-space: nowrap; } }
th { color: var(--dim); font-weight: normal; font-size: .87em; }
td .condition { display: block; }
.column { display: none; }
"""

_CHANGES: Final = """
summary { cursor: pointer; font-weight: 600; margin: .6rem 0; }
.operation, .operation li, pre { font: 13px/1.6 ui-monospace, monospace; }
.operation { margin-top: .6rem; }
.operation ul { padding-left: 2rem; }
.create > b, ins { color: var(--good); }
.update > b { color: var(--warn); }
.replace > b { color: var(--swap); }
.delete > b, .operation del { color: var(--bad); }
.operation del, ins { text-decoration: none; }
.source { color: var(--dim); padding-left: 1rem; }
.depth-1 { padding-left: 1.5rem; } .depth-2 { padding-left: 3rem; } .depth-3 { padding-left: 4.5rem; }
.depth-4 { padding-left: 6rem; } .depth-5 { padding-left: 7.5rem; } .depth-6 { padding-left: 9rem; }
"""

_PHONE: Final = """
@media (max-width: 40rem) {
  .tile { flex: 1 1 40%; min-width: 0; }
  .operation ul { padding-left: 1rem; }
  table:not(.days *) {
    &, tbody, tr, td { display: block; }
    thead { position: absolute; clip-path: inset(50%); }
    tr { border-bottom: 1px solid var(--edge); padding: .4rem 0; }
    td { border: 0; padding: .1rem 0; }
  }
  .column, td .condition { display: inline; color: var(--dim); font-size: .87em; }
}
"""
# A table has no room for columns there: each cell says the name of its own.

STYLE: Final = _TEXT + _TILES + _TABLES + _CHANGES + _PHONE
"""The style sheet."""
