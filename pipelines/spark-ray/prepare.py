"""Makes one row for each customer out of all orders: a join and a grouping, over all nodes of the Spark cluster.

    spark-submit prepare.py OUTPUT
"""
import json
import os
import sys
from collections import Counter

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

FEATURES = ["orders", "spent", "late_share", "returned_share", "age"]


def chance(column, salt):
    """Between 0 and 1, by the look of it; always the same for one row."""
    return F.pmod(F.xxhash64(column, F.lit(salt)), F.lit(1_000_003)) / F.lit(1_000_003.0)


def customers(spark, count):
    """Whoever orders."""
    identity = F.col("id")
    return spark.range(0, count, 1, 8).select(
        identity.alias("customer"), (18 + 60 * chance(identity, 1)).cast("int").alias("age"),
        # What nobody knows of them, and shows in their orders.
        chance(identity, 2).alias("temper"))


def orders(spark, count, customer_count):
    """What they have ordered, in no order."""
    identity = F.col("id")
    return spark.range(0, count, 1, 8).select(
        # Squared, so that some order often and most do not.
        (customer_count * chance(identity, 3) * chance(identity, 4)).cast("long").alias("customer"),
        F.round(5 + 95 * chance(identity, 5), 2).alias("amount"),
        chance(identity, 6).alias("delay"), chance(identity, 7).alias("regret"))


def table(spark, customer_count, order_count):
    """One row for each customer who has ordered: what is known, and whether they left."""
    joined = orders(spark, order_count, customer_count).join(customers(spark, customer_count), "customer")
    grouped = joined.groupBy("customer", "age").agg(
        F.count("*").alias("orders"), F.round(F.sum("amount"), 2).alias("spent"),
        F.round(F.avg((F.col("delay") < 0.1 + 0.5 * F.col("temper")).cast("int")), 4).alias("late_share"),
        F.round(F.avg((F.col("regret") < 0.5 - 0.4 * F.col("temper")).cast("int")), 4).alias("returned_share"))
    anger = 9 * F.col("late_share") + 5 * F.col("returned_share") - 0.03 * F.col("orders") - 4.2
    return grouped.withColumn("left", (chance(F.col("customer"), 8) < 1 / (1 + F.exp(-3 * anger))).cast("int"))


def places(spark):
    """How many tasks each node had a part in, of some that take a while."""
    def look(_):
        yield os.environ.get("SKY_NODE_RANK", "?")
    return Counter(spark.sparkContext.parallelize(range(16), 16).mapPartitions(look).collect())


def main():
    spark = SparkSession.builder.appName("prepare").getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    customer_count, order_count = int(os.environ["CUSTOMERS"]), int(os.environ["ORDERS"])
    # Other nodes' files stay on them, so it is the driver, on rank 0, that writes; what does not fit into its memory belongs in a
    # store that all nodes reach.
    rows = table(spark, customer_count, order_count).orderBy("customer")
    plan = rows._jdf.queryExecution().toString()  # pylint: disable=protected-access
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        count = left = 0
        for row in rows.toLocalIterator():
            file.write(json.dumps({**{name: row[name] for name in FEATURES}, "left": row["left"]}) + "\n")
            count, left = count + 1, left + row["left"]
    print(f"{count} customers of {order_count} orders, {left} of them left")
    print(f"the plan has {plan.count('Exchange hashpartitioning')} exchanges between nodes")
    print("tasks by rank: " + ", ".join(f"{rank}: {tasks}" for rank, tasks in sorted(places(spark).items())))
    spark.stop()


if __name__ == "__main__":
    main()
