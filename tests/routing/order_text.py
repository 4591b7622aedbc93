"""An order_by as text, which reading it must give back."""


def format_order_by(order_by):
    return ", ".join(f"{clause.path} {clause.direction}" for clause in order_by.clauses)
