"""Days in the routing engine under a virtual clock: the effect of a change on service levels, before a caller notices.

observed     from the events of a workspace to the figures of an average day
first_load   a first file from these figures
durations    distributions of times, read at a share of their mass
load         the same as values, with every name and table resolved: the input of the days
reading      from the file to a load; every mistake with its place
tables       figures from CSV files: intervals of a report, handle times, a roster
demand       the tasks of one day, each with its own random numbers before the day begins
staffing     the people of one day: who works when
day          one day in the routing engine
tally        the counts of one day
scenario     a configuration and its people, ready for the engine, and the days that are simulated with it
estimates    means with half-widths, and differences of pairs
measures     the figures of many days, by demand, queue, channel, interval and group of workers
steps        the figures of the steps of workflows
experiment   scenarios, replications and gates, until everything is decided
executors    where the days are simulated: here, in processes, on a cluster
what_if      other people and another demand
results      the JSON document of ``simulate``

calibration  whether the days are like those that were recorded
request      the request for a simulation, and the experiment that answers it

The modules from `day` down to `durations` import neither pydantic nor YAML, because every process of an executor
imports them.
"""
