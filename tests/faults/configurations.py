"""The configurations that are applied under faults."""

SMALL = """
workspace: {name: Support, default_activity: Offline, timeout_activity: Offline}
activities:
  - {name: Offline, available: false}
  - {name: Available, available: true}
  - {name: Lunch, available: false}
task_channels:
  - {unique_name: fax, name: Fax}
task_queues:
  - {name: Sales, target_workers: "skills HAS 'sales'"}
  - {name: Everyone}
workflows:
  - name: Incoming
    filters:
      - {name: Sales, expression: "kind == 'sales'", targets: [{queue: Sales, timeout: 30}, {queue: Everyone}]}
    default_filter: {queue: Everyone}
workers:
  - {name: alice, attributes: {skills: [sales]}, channels: {fax: {capacity: 2}}}
  - {name: bob, attributes: {}}
safety: {max_deletes: 100%}
"""

# An update of each kind that has some, a replacement with a worker in it, a deleted worker and a new one.
SMALL_CHANGED = (
    SMALL.replace("skills: [sales]", "skills: [sales, es]")
    .replace("timeout: 30", "timeout: 60")
    .replace("  - {name: bob, attributes: {}}", "  - {name: carol, attributes: {}}")
    .replace("- {name: Lunch, available: false}", "- {name: Lunch, available: true}")
)
CONSENT_TO_SMALL_CHANGED = ("--allow-delete=worker=1",)
