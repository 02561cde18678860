# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""--eval, --images, --top-patches and --save-features of one.so (one picture at once) and three.so (three) against scikit-learn,
NumPy and Pillow, from scores and layers of single runs. `check_pictures.py` in a folder with both."""
import json
import re
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.metrics import confusion_matrix, top_k_accuracy_score

CLASSES, PICTURES = 12, 40
random = np.random.default_rng(3)
names = [f"n{number:04} kind {number}, number {number}" for number in range(CLASSES)]
Path("labels.txt").write_text("\n".join(names) + "\n")


def weft_run(*arguments):
    return subprocess.run(["weft-run", *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def draw(file):
    """Flat areas and noise, in a size that is cropped."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.kron(random.integers(0, 256, (5, 4, 3)), np.ones((8, 8, 1))) * 0.7 + random.integers(0, 70, (40, 32, 3))
    Image.fromarray(pixels.astype(np.uint8)).save(file)


def prepared(file):
    return np.asarray(Image.open(file))[8:32, 8:24].astype(np.float32)


PREPARE = ["--crop=24x16", "--mean=0.5,0.4,0.3", "--std=0.2"]
labels = list(range(CLASSES)) + list(random.integers(0, CLASSES, PICTURES - CLASSES))
files = []
for number, label in enumerate(labels):
    files.append(Path("set") / f"n{label:04}" / f"{number}.png")
    draw(files[-1])
order = np.argsort([str(file) for file in files])
files, labels = [files[i] for i in order], [int(labels[i]) for i in order]

scores, layers = [], []
for file in files:
    weft_run("one.so", f"--input={file}", *PREPARE, "--output=scores.npy", "--dump-tensors=layers")
    scores.append(np.load("scores.npy")[0])
    blocked = np.load(next(Path("layers").glob("*-first.npy")))
    layers.append(blocked.transpose(0, 1, 4, 2, 3).reshape(-1, *blocked.shape[2:4])[:20])
scores = np.array(scores)
table = confusion_matrix(labels, scores.argmax(1), labels=range(CLASSES))
top1, top5 = (top_k_accuracy_score(labels, scores, k=k, labels=range(CLASSES)) for k in (1, 5))
Path("list.txt").write_text("# FILE CLASS\n" + "".join(f"{file} {label}\n" for file, label in zip(files, labels)))

for net, batch in (("one.so", 1), ("three.so", 3)):
    for where in ("set", "list.txt"):
        text = weft_run(net, f"--eval={where}", "--labels=labels.txt", *PREPARE, "--json=result.json", "--confusion=table.csv")
        result = json.loads(Path("result.json").read_text())
        assert abs(result["top1"] - top1) < 1e-5 and abs(result["top5"] - top5) < 1e-5, (result, top1, top5)
        assert result["batch"] == batch and result["pictures"] == PICTURES and result["images_per_second"] > 0
        counted = np.zeros_like(table)
        for label, answer, count in result["confusion"]:
            counted[label, answer] = count
        assert (counted == table).all(), counted
        rows = [line.split(",")[-CLASSES:] for line in Path("table.csv").read_text().splitlines()[1:]]
        assert (np.array(rows, int) == table).all()
        assert f"top-1     {100 * top1:.2f} % ({np.trace(table)})" in text, text
        shown = [re.split(r"  +", line.strip()) for line in text.split("an answer\n")[1].splitlines()[1:CLASSES + 1]]
        assert all([int(n) for n in row[1:]] == list(table[label]) for label, row in enumerate(shown)), shown
    told = weft_run(net, "--images=set", "--top=2", "--labels=labels.txt", *PREPARE).splitlines()
    assert [line for line in told if not line.startswith(" ")] == [str(file) for file in files]
    best = [int(line.split()[0]) for line in told if line.startswith(" ")]
    assert best == list(np.argsort(-scores, axis=1)[:, :2].ravel()), best
    assert names[best[0]] in told[1]

    # The patches of channel 7: the three pictures with the largest answers, cut where the answer's window lies.
    told = weft_run(net, "--images=set", "--top-patches=first:7=patches.png", "--patches=3", *PREPARE).splitlines()
    peaks = np.array([layer[7].max() for layer in layers])
    mosaic = np.asarray(Image.open("patches.png"))
    zoom = (mosaic.shape[0] - 2) // 3
    for rank, picture in enumerate(np.argsort(-peaks, kind="stable")[:3]):
        y, x = np.unravel_index(layers[picture][7].argmax(), layers[picture][7].shape)
        assert f"rank {rank + 1}:" in told[rank] and f"at ({y}, {x})" in told[rank] and told[rank].endswith(str(files[picture]))
        assert f"rows {2 * y - 1} to {2 * y + 1}, columns {2 * x - 1} to {2 * x + 1}" in told[rank], told[rank]
        wanted = np.full((26, 18, 3), 128, np.uint8)  # grey around the picture
        wanted[1:-1, 1:-1] = prepared(files[picture])
        left = 1 + rank * (3 * zoom + 1)
        cut = mosaic[1:1 + 3 * zoom, left:left + 3 * zoom][zoom // 2::zoom, zoom // 2::zoom]
        assert (cut == wanted[2 * y:2 * y + 3, 2 * x:2 * x + 3]).all(), (cut, rank)

# Feature maps: 20 tiles of 12 x 8 in 5 columns; black and white are a map's smallest and largest values.
weft_run("one.so", f"--input={files[0]}", *PREPARE, "--save-features=first=maps.png", "--save-features=scores=scores.png")
maps = np.asarray(Image.open("maps.png"))
zoom = (maps.shape[1] - 6) // 40
for channel, values in enumerate(layers[0]):
    top, left = 1 + channel // 5 * (12 * zoom + 1), 1 + channel % 5 * (8 * zoom + 1)
    tile = maps[top:top + 12 * zoom:zoom, left:left + 8 * zoom:zoom].astype(float)
    low, high = values.min(), values.max()
    assert np.abs(tile - (255 * (values - low) / (high - low) if high > low else 0)).max() <= 0.51, channel
assert np.asarray(Image.open("scores.png")).shape[1] > CLASSES
print("pictures agree")
