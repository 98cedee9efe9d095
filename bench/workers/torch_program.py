"""PyTorch with the training loop its users write by hand."""

import torch
from torch.nn import functional

import common


def mnist_epoch(repeats: int) -> common.Result:
    images, labels = common.digits()
    x, y = torch.from_numpy(images), torch.from_numpy(labels).long()
    model = torch.nn.Sequential(
        torch.nn.Flatten(),
        torch.nn.Linear(784, common.HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Linear(common.HIDDEN, common.CLASSES),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=common.RATE)

    def epoch() -> float:
        total, correct = torch.zeros(()), torch.zeros((), dtype=torch.long)
        for rows in torch.randperm(len(x)).split(common.BATCH):
            target = y[rows]
            logits = model(x[rows])
            loss = functional.cross_entropy(logits, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach()
            correct += (logits.argmax(1) == target).sum()
        total.item()
        return correct.item() / len(x)

    epoch()
    samples = [common.seconds(epoch) for _ in range(repeats)]
    return samples, {"accuracy": epoch()}


def eager_add(repeats: int) -> common.Result:
    a, b = torch.zeros(10, 10), torch.ones(10, 10)
    samples = common.per_call(lambda: a + b, lambda result: result.numpy(), 5000, repeats)
    return samples, {"sum": float((a + b).sum())}


def tape_loop(repeats: int) -> common.Result:
    variables = [torch.from_numpy(value).requires_grad_() for value in common.weights()]
    data = [(torch.from_numpy(x), torch.from_numpy(y).long()) for x, y in common.batches(300)]

    def step(x, y):
        w1, b1, w2, b2 = variables
        loss = functional.cross_entropy(functional.relu(x @ w1 + b1) @ w2 + b2, y)
        gradients = torch.autograd.grad(loss, variables)
        with torch.no_grad():
            for variable, gradient in zip(variables, gradients, strict=True):
                variable.sub_(common.RATE * gradient)
        return loss

    def loop() -> float:
        for x, y in data:
            loss = step(x, y)
        return loss.item()

    loss = loop()
    return [common.seconds(loop) for _ in range(repeats)], {"loss": loss}


if __name__ == "__main__":
    common.main({"mnist_epoch": mnist_epoch, "eager_add": eager_add, "tape_loop": tape_loop}, ("torch", "numpy"))
