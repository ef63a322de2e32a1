"""Linear regression by gradient descent on made-up rows, of which everybody can make any part."""
import random

TRUTH = [2.0, -1.0, 0.5, 3.0]


def row(number):
    """Inputs and what they make, with a little noise; always the same for one number."""
    chance = random.Random(number)
    inputs = [chance.uniform(-1, 1) for _ in TRUTH]
    return inputs, sum(weight * value for weight, value in zip(TRUTH, inputs)) + chance.gauss(0, 0.01)


def gradient(weights, rows):
    """Of half the sum of squared errors."""
    total = [0.0] * len(weights)
    for inputs, wanted in rows:
        error = sum(weight * value for weight, value in zip(weights, inputs)) - wanted
        for index, value in enumerate(inputs):
            total[index] += error * value
    return total


def learn(rows, count, steps, add_up=list, rate=2.0):
    """Weights after `steps` steps over `count` rows in all, of which `rows` are here; `add_up` gathers the gradients."""
    weights = [0.0] * len(TRUTH)
    for _ in range(steps):
        whole = add_up(gradient(weights, rows))
        weights = [weight - rate * slope / count for weight, slope in zip(weights, whole)]
    return weights
