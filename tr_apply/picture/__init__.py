"""Routing as a picture: workflows and queues for a reader, as HTML, SVG, Mermaid and Graphviz's dot.

Pure: resources and who is in which queue arrive as values, and text is the answer. `workflow_lanes` and `picture_of`
make what is drawn, `lanes_html`, `picture_html`, `picture_svg`, `mermaid`, `picture_mermaid` and `picture_dot` draw it.
`scene_of` takes what TaskRouter holds, and `picture_document` is for programs that draw a picture themselves.
"""

from tr_apply.picture.changes import FilterPairs
from tr_apply.picture.documents import Routed, picture_document, scene_of
from tr_apply.picture.drawing.escape import markup
from tr_apply.picture.drawing.flowchart import mermaid, picture_dot, picture_mermaid
from tr_apply.picture.drawing.html import (
    PALETTE,
    POLICY,
    STYLE,
    chip_html,
    html_page,
    lanes_html,
    picture_html,
    queues_html,
)
from tr_apply.picture.drawing.svg import picture_svg
from tr_apply.picture.make import Counted, Scene, compared_picture, picture_of
from tr_apply.picture.model import Lane, LaneStep, Picture, QueueCard, StepFigures, WorkflowLanes
from tr_apply.picture.queues import Members, members_of
from tr_apply.picture.texts import Texts

__all__ = [
    "PALETTE",
    "POLICY",
    "STYLE",
    "Counted",
    "FilterPairs",
    "Lane",
    "LaneStep",
    "Members",
    "Picture",
    "QueueCard",
    "Routed",
    "Scene",
    "StepFigures",
    "Texts",
    "WorkflowLanes",
    "chip_html",
    "compared_picture",
    "html_page",
    "lanes_html",
    "markup",
    "members_of",
    "mermaid",
    "picture_document",
    "picture_dot",
    "picture_html",
    "picture_mermaid",
    "picture_of",
    "picture_svg",
    "queues_html",
    "scene_of",
]
