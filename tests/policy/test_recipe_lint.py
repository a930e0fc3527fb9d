"""Each rule of the recipe lint sees what it is there to see, and nothing that is sound."""

from __future__ import annotations

import ast
import re
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.recipe_lint import RecipeFinding, decode_source, lint_files, lint_source
from release_tasks.policy.recipe_rules import ACCEPTABLE, RULES

NP = "import numpy as np\n"
AS_COMPLETED = "from concurrent.futures import as_completed\n"
# Rule, then sources that break it, each once.
BAD: dict[str, list[str]] = {
    "float32-draws": [
        NP + "def f(rng): return rng.standard_normal(3, np.float32)",
        NP + "def f(rng): return rng.standard_normal(3, dtype='f4')",
        NP + "D = np.float32\ndef f(rng): return rng.standard_exponential(3, dtype=D)",
        NP + "def f(rng): return rng.standard_gamma(2.0, 3, np.single)",
        NP + "def f(self): return self.rng.normal(0, 1, dtype=np.float32)",
        NP + "x = np.random.default_rng(1).standard_normal(3, dtype=np.float32)",
    ],
    "legacy-numpy-random": [
        NP + "np.random.seed(1)",
        NP + "rng = np.random.RandomState(1)",
        "import numpy\nnumpy.random.rand(3)",
        "import numpy.random as npr\nnpr.shuffle([1])",
        "from numpy.random import randint\nrandint(3)",
        "from numpy import random as r\nr.choice([1, 2])",
    ],
    "unseeded-generator": [
        NP + "np.random.default_rng()",
        NP + "np.random.default_rng(None)",
        NP + "np.random.default_rng(seed=None)",
        "from numpy.random import default_rng\nrng = default_rng()",
        NP + "rng = np.random.Generator(np.random.PCG64())",
        "import random\nrandom.random()",
        "import random\nrandom.seed()",
        "import random\nrandom.seed(None)",
        "import random\nr = random.Random()",
        "from random import shuffle as mix\nmix([1])",
    ],
    "torch-settings": [
        "import torch\nx = torch.randn(3)",
        "from torch import nn\nlayer = nn.Linear(3, 3)",
        "import torch\ntorch.manual_seed(1)\ntorch.use_deterministic_algorithms(False)\ntorch.nn.Linear(3, 3)",
        "import torch.nn.functional as F\ndef f(x): return F.softmax(x)",
    ],
    "unstable-sort": [
        NP + "def f(x): return np.argsort(x)",
        NP + "def f(x): return x.argsort()",
        NP + "def f(x): return x.argsort(0, 'quicksort')",
        NP + "def f(x): return np.argsort(x, kind='heapsort')",
        NP + "def f(x): return np.argpartition(x, 3)",
        "from numpy import argsort\ndef f(x): return argsort(x, -1)",
        "import torch\ndef f(x): return x.argsort(dim=0)",
    ],
    "set-order": [
        "for x in {1, 2}:\n    print(x)",
        "for x in set('ab'):\n    print(x)",
        "rows = [x for x in frozenset('ab')]",
        "def f(a, b): return list(set(a) | set(b))",
        "def f(a, b): return ' '.join({*a, *b})",
        "def f(a, b): return [k for k in a.keys() & b.keys()]",
        "def f(a):\n    seen = set(a)\n    return tuple(seen)",
        "def f(a: set[str]):\n    for x in a: print(x)",
        "NAMES = {'a', 'b'}\ndef f():\n    return [n for n in NAMES]",
        "def f(a): return sum(x * 0.1 for x in set(a))",
        "def f(a): return sum(set(a))",
        "def f(a): return dict.fromkeys(set(a))",
        "def f(a): return enumerate(set(a))",
        "def f(a):\n    first, *rest = set(a)\n    return first",
        "def f(a):\n    todo = set(a)\n    return todo.pop()",
        "def f(a): return next(iter(set(a)))",
        "def f(a, out):\n    out += [*set(a)]\n    return out",
        "def f(a): return {x: 1 for x in set(a)}",
        "def f(a):\n    out = []\n    for x in set(a):\n        out.append(x)\n    return out",
        "def f(a):\n    for x in set(a):\n        last = x\n    return last",
        "def f(a):\n    while todo := set(a) - {1}:\n        a = list(todo)\n    return a",
        "def f(a):\n    out = []\n    out.extend(set(a))\n    return out",
        "def f(a): return set(a).union('x').copy().pop()",
        "def f(xs):\n    if (s := set(xs)):\n        return list(s)",
        "def f(xs, y): return [x for x in (set(xs) if y else frozenset())]",
        "from typing import AbstractSet\ndef f(x: AbstractSet): return list(x)",
        "def f(d):\n    def g():\n        nonlocal s\n        s = set(d)\n    s = set()\n    return tuple(set(d))",
        "import json\ndef f(a): return json.dumps({x: 1 for x in set(a)})",
        "async def f(a):\n    return [x async for x in set(a)]",
    ],
    "listing-order": [
        "import os\nfor n in os.listdir('.'): print(n)",
        "import os\ndef f(): return os.listdir('.')",
        "from os import scandir\nwith scandir('.') as it:\n    names = [e.name for e in it]\nprint(names)",
        "import glob\nfiles = glob.glob('*.py')\nprint(files[0])",
        "from glob import iglob\nfor f in iglob('*'): print(f)",
        "from pathlib import Path\nrows = [p.read_text() for p in Path('.').iterdir()]\nprint(rows)",
        "def f(folder): return list(folder.rglob('*'))",
        "def f(folder, use): use(folder.glob('*'))",
        "import os\nfor root, dirs, files in os.walk('.'):\n    dirs.sort()\n    for n in files: print(n)",
        "import os\nfor root, dirs, files in os.walk('.'):\n    for n in sorted(files): print(n)",
        "import os\nfor root, dirs, files in sorted(os.walk('.')):\n    print(files)",
        "import os\nprint(list(os.walk('.')))",
        "from pathlib import Path\nfor root, dirs, files in Path('.').walk():\n    print(dirs)",
        "import os\nread = os.listdir\nprint(read('.'))",
        "import os\nnames = os.listdir('.') + ['x']\nprint(names)",
    ],
    "completion-order": [
        "from concurrent.futures import as_completed\ndef f(fs): return [x.result() for x in as_completed(fs)]",
        "import concurrent.futures as cf\ndef f(fs):\n    t = 0.0\n    for x in cf.as_completed(fs): t += x.result()",
        "def f(pool, xs): return list(pool.imap_unordered(abs, xs))",
        "import asyncio\nasync def f(xs):\n    for x in asyncio.as_completed(xs): print(await x)",
        f"{AS_COMPLETED}def f(fs):\n    out = {{}}\n    for x in as_completed(fs):\n        out[x] = x.result()\n    return out",
    ],
    "salted-hash": [
        "def f(x): return hash(x) % 10",
        "def f(xs): return sorted(xs, key=hash)",
        "def f(xs): xs.sort(key=id)",
        "def f(xs): return sorted(xs, key=lambda x: (id(x), x))",
        "def f(a, b): return id(a) < b and 1",
    ],
    "clock": [
        "import time\nx = time.time()",
        "from time import time as now\nx = now()",
        "import time\nx = time.time_ns()",
        "from datetime import datetime\nx = datetime.now()",
        "import datetime as dt\nx = dt.datetime.utcnow()",
        "import datetime\nx = datetime.date.today()",
        "import time\nx = time.strftime('%Y')",
        "import time\nx = time.gmtime()",
        "from time import ctime\nx = ctime()",
        "import datetime\nfrom dataclasses import field\nx = field(default_factory=datetime.datetime.now)",
        NP + "x = np.datetime64('now')",
        "import pandas as pd\nx = pd.Timestamp.now()",
        "import time\nclock = time.time\nx = clock()",
    ],
    "entropy": [
        "import uuid\nx = uuid.uuid4()",
        "from uuid import uuid1\nx = uuid1()",
        "import os\nx = os.urandom(4)",
        "import secrets\nx = secrets.token_hex()",
        "import random\nx = random.SystemRandom().random()",
        "import uuid\nx = dict(default_factory=uuid.uuid4)",
    ],
    "host-identity": [
        "import socket\nx = socket.gethostname()",
        "import platform\nx = platform.node()",
        "from os import getpid\nx = getpid()",
        "import getpass\nx = getpass.getuser()",
    ],
    "temporary-name": [
        "import tempfile\nd = tempfile.mkdtemp()\nopen('o', 'w').write(d)",
        "import tempfile\nwith tempfile.TemporaryDirectory() as d:\n    print(1)\n    open('o', 'w').write(f'in {d}')",
        "import tempfile, json\nwith tempfile.NamedTemporaryFile() as t:\n    json.dump({'from': str(t.name)}, open('o'))",
        "import tempfile\nd = tempfile.mkdtemp()\nopen('o', 'wb').write('in {}'.format(d).encode())",
    ],
    "allow-pickle": [NP + "np.load('x', allow_pickle=True)", "from numpy import load\nload('x', None, True)"],
    "pickled-set": [
        "import pickle\npickle.dump({1, 2}, open('o', 'wb'))",
        "import pickle\nx = pickle.dumps([1, ({'a': set('ab')},)])",
        "import joblib\ndef f(s: frozenset): joblib.dump(s, 'o')",
    ],
    "gzip-time": [
        "import gzip\nx = gzip.compress(b'')",
        "from gzip import compress\nx = compress(b'', 9, mtime=None)",
        "import gzip\nx = gzip.open('o', 'wt')",
        "import gzip\nx = gzip.GzipFile('o', 'wb')",
        "import gzip\nx = gzip.GzipFile(filename='o', mode='ab')",
    ],
    "compressed-archive": [
        "import zipfile\nx = zipfile.ZipFile('o', 'w', zipfile.ZIP_DEFLATED)",
        "from zipfile import ZipFile, ZIP_LZMA as Z\nx = ZipFile('o', 'w', compression=Z)",
        "from zipfile import ZipFile\nx = ZipFile('o', 'w', 8)",
        "import tarfile\nx = tarfile.open('o', 'w:gz')",
        "import tarfile\nx = tarfile.open('o', mode='w|xz')",
    ],
    "archive-metadata": [
        "import zipfile\nz = zipfile.ZipFile('o', 'w')\nz.write('a')",
        "import zipfile\nwith zipfile.ZipFile('o', 'w') as z:\n    z.writestr('a', b'')",
        "import tarfile\nwith tarfile.open('o', 'w') as t:\n    t.add('a')",
        "import shutil\nshutil.make_archive('o', 'tar')",
    ],
    "uninitialised-memory": [
        NP + "def f(n): return np.empty(n)",
        NP + "def f(x):\n    out = np.empty_like(x)\n    out[0] = 1\n    return out",
        NP + "def f(x):\n    out = np.empty_like(x)\n    out[0::2] = 1\n    return out",
        NP + "def f(x):\n    out = np.empty_like(x)\n    out[0::3] = 1\n    out[1::3] = 2\n    return out",
        NP + "def f(x):\n    out = np.empty_like(x)\n    out[:4] = 1\n    out[4:] = 1\n    return out",
        NP + "def f(x):\n    out = np.empty(3)\n    np.add(x, 1, out=out, where=x > 0)\n    return out",
        NP + "def f(x):\n    out = np.empty_like(x)\n    if len(x):\n        out[:] = 1\n    return out",
        NP
        + "def f(x):\n    out = np.empty_like(x)\n    out[0::2, 0] = 1\n    out[1::2, 1] = 1\n    return out",
    ],
    "safetensors-metadata": [
        "from safetensors.numpy import save\ndef f(t): return save(t, {'a': '1', 'b': '2'})",
        "import safetensors.torch as st\ndef f(t): st.save_file(t, 'o', metadata=dict(a='1', b='2'))",
        "from safetensors.numpy import save_file\nM = {'a': '1', 'b': '2'}\ndef f(t): save_file(t, 'o', M)",
    ],
    "safetensors-layout": [
        "from safetensors.numpy import save_file\ndef f(w): save_file({'w': w[:, ::2]}, 'o')",
        "from safetensors.numpy import save\ndef f(t): return save({k: v.transpose(1, 0) for k, v in t.items()})",
        NP
        + "from safetensors.numpy import save\ndef f(w):\n    w = np.swapaxes(w, 0, 1)\n    return save({'w': w})",
        "from safetensors.numpy import save\ndef f(w): return save({'w': w[::-1]})",
    ],
    "einsum-optimize": [NP + "x = np.einsum('i,i', [1], [2], optimize='greedy')"],
    "late-thread-settings": [
        NP + "import os\nos.environ['OPENBLAS_NUM_THREADS'] = '1'",
        "import torch, os\nos.environ.setdefault('OMP_NUM_THREADS', '1')",
        "from scipy import linalg\nimport os\nos.environ.update({'MKL_NUM_THREADS': '1'})",
        NP + "import os\nos.environ.update(NPY_ENABLE_CPU_FEATURES='X86_V3')",
        NP + "from os import putenv\nputenv('OMP_NUM_THREADS', '1')",
    ],
    "unreadable": ["def f(:", "x = '\0'", "(" * 300, "-" * 200_000 + "1", "if 1:\nx", "\ud800"],
    "invalid-marker": [
        "x = 1  # recipe: ignore",
        "x = 1  # recipe: ignore because I say so",
        "x = 1  # recipe: ignore[nonsense] it is fine",
        "x = 1  # recipe: ignore[unused-marker] it is fine",
        "x = 1  # recipe: ignore[clock] ...",
    ],
    "unused-marker": ["x = 1  # recipe: ignore[clock] once there was a clock"],
}
GOOD = [
    "import time\nx = time.perf_counter() + time.monotonic() + time.process_time()",
    "import time\nx = time.strftime('%Y', time.gmtime(0))",
    "from datetime import datetime, UTC\nx = datetime.fromtimestamp(0, UTC)",
    "# time.time() and os.listdir('.')\nx = 'time.time()'\n'''for x in {1, 2}: os.urandom(1)'''",
    "def f(time): return time.time()",
    "import random\ndef f(seed): return random.Random(seed).random()",
    "import random\nrandom.seed(7)\nrandom.shuffle([1])",
    NP + "def f(seed): return np.random.default_rng(seed).standard_normal(3)",
    NP + "def f(seed): return np.random.Generator(np.random.PCG64(seed)).random(3, dtype=np.float32)",
    NP + "def f(rng): return rng.standard_normal(3, dtype=np.float64)",
    NP + "def f(rng: np.random.Generator, x): return isinstance(x, np.random.RandomState)",
    "import jax\ndef f(key): return jax.random.normal(key, (3,), dtype='float32')",
    "import torch\nx = torch.load('x', weights_only=True)\ny = torch.zeros(3, dtype=torch.float32)",
    "import torch\ndef f(x): return x.argsort(stable=True)",
    NP + "def f(x): return np.argsort(x, axis=0, kind='stable')[np.lexsort(x)]",
    NP + "def f(x, kind): return x.argsort(kind=kind)",
    NP + "def f(x, **more): return np.argsort(x, **more)",
    "import jax.numpy as jnp\ndef f(x): return jnp.argsort(x)",
    "def f(a): return sorted(set(a)), len(set(a)), max(set(a)), any(x for x in set(a)), 1 in set(a)",
    "def f(a): return sorted(list(set(a)), key=len), {x for x in set(a)}, set(map(len, set(a)))",
    "def f(a): return sorted(x for x in set(a)), sorted([*set(a)]), frozenset(list(set(a)))",
    "import math\ndef f(a): return math.fsum(x * 0.1 for x in set(a)), sum(1 for x in set(a) if x)",
    "def f(a): return sum(len(x) for x in set(a)), sum([x > 1 for x in set(a)])",
    "def f(a):\n    xs = set(a)\n    xs = sorted(xs)\n    return [x for x in xs]",
    "def f(a):\n    out = []\n    for x in set(a):\n        y = x + 1\n        out.append(y)\n    return sorted(out)",
    "def f(a):\n    out = list(set(a))\n    out.sort()\n    return out",
    "def f(a, seen: set):\n    for x in set(a):\n        if x: seen.add(x)\n        else: continue",
    "def f(a):\n    n = 0\n    for x in set(a):\n        n += 1\n    return n",
    "def f(a):\n    for x in set(a):\n        if not x: return False\n    return True",
    "def f(a):\n    made = {x: len(x) for x in set(a)}\n    return [made[x] for x in a], made.get(1), 'x' in made",
    "def f(a): return {x: 1 for x in set(a)} == {x: 1 for x in frozenset(a)}",
    "import json\ndef f(a): return json.dumps({x: 1 for x in set(a)}, sort_keys=True)",
    "def f(todo: list): return todo.pop()",
    "def f(a, b):\n    for x in a - b: print(x)",
    "class A:\n    items = {1, 2}\n    def f(self, items):\n        for x in items: print(x)",
    "import os\nfor n in sorted(os.listdir('.')): print(n)",
    "import os\nnames = os.listdir('.')\nnames.sort()\nprint(names[0])",
    "import os\nnames = [n for n in os.listdir('.') if n]\nfor n in sorted(names): print(n)",
    "import os\nif os.listdir('.'): print(len(os.listdir('.')), 'x' in os.listdir('.'))",
    "import os\nassert not os.listdir('.')\nx = set(os.listdir('.')) | {n for n in os.listdir('..')}",
    "import glob\nfor f in sorted(glob.glob('a') + glob.glob('b')): print(f)",
    "def f(folder): return sorted(folder.glob('*'), key=str), any(folder.iterdir())",
    "import os\nwith os.scandir('.') as it:\n    names = sorted(e.name for e in it)\nprint(names)",
    "import os\nfor root, dirs, files in os.walk('.'):\n    dirs[:] = sorted(dirs)\n    for n in sorted(files): print(n)",
    "import os\nfor root, dirs, files in os.walk('.'):\n    dirs.sort()\n    files.sort()\n    print(root, files)",
    "import os\nfor root, _, files in sorted(os.walk('.')):\n    for n in sorted(files): print(n)",
    "import os\nall = []\nfor r, _, ns in os.walk('.'):\n    for n in ns:\n        p = r + n\n        all.append(p)\nall.sort()\nprint(all)",
    "import os\nx = sorted(os.path.join(r, n) for r, _, ns in os.walk('.') for n in ns)",
    "import fnmatch\ndef f(s): return s.walk(), fnmatch.filter(s, '*')",
    f"{AS_COMPLETED}def f(fs, n):\n    out = [None] * n\n    for x in as_completed(fs):\n        out[fs[x]] = x.result()\n    return out",
    "from concurrent.futures import as_completed\ndef f(fs): return {x.result() for x in as_completed(fs)}",
    "def f(pool, xs): return sorted(pool.imap_unordered(abs, xs)), list(pool.imap(abs, xs))",
    "class A:\n    def __hash__(self): return hash((1, 2))\n    def f(self, o): return hash(self) == hash(o)",
    "def f(x, memo): return memo.setdefault(id(x), x)",
    "import uuid\nx = uuid.uuid5(uuid.NAMESPACE_DNS, 'x')",
    "import tempfile, pathlib\nd = tempfile.mkdtemp()\nopen('o', 'wb').write(pathlib.Path(d, 'x').read_bytes())",
    NP + "np.load('x')\nnp.load('y', allow_pickle=False)",
    "import pickle\npickle.dumps(sorted({1, 2}))",
    "import gzip\nx = gzip.compress(b'', mtime=0), gzip.open('x'), gzip.open('x', 'rt'), gzip.GzipFile('x')",
    "import gzip\nx = gzip.GzipFile('', 'wb', 9, None, 0), gzip.GzipFile('', mode='wb', mtime=0)",
    "import zipfile\nz = zipfile.ZipFile('o', 'w', zipfile.ZIP_STORED)\nz.writestr(zipfile.ZipInfo('a'), b'')",
    "import tarfile\nt = tarfile.open('o', 'w')\nt.add('a', filter=lambda m: m)\nr = tarfile.open('i', 'r:gz')",
    "def f(z): z.write('a'); z.add('b')",
    NP
    + "def f(x):\n    out = np.empty_like(x)\n    out[..., 0::2] = 1\n    out[..., 1::2] = 2\n    return out",
    NP
    + "def f(x):\n    out = np.empty(3)\n    for i in range(len(out)):\n        out[i] = x\n    return out",
    NP + "def f(x):\n    a, b, c = 1, 2, 3\n    out = np.empty(3)\n    out.fill(0)\n    return out",
    NP + "def f(x):\n    out: object = np.empty(3)\n    np.add(x, 1, out=out)\n    return out",
    NP + "def f(x):\n    out = np.empty((3, 3))\n    out[:, :] = x\n    return out",
    NP + "def f(x):\n    out = np.empty(3)\n    np.copyto(out, x)\n    return out",
    "from safetensors.numpy import save\ndef f(t): return save(t, {'a': '1'})",
    NP + "from safetensors.numpy import save\ndef f(w): return save({'w': np.ascontiguousarray(w.T)})",
    NP + "x = np.einsum('i,i', [1], [2], optimize=False)",
    "import os\nos.environ['OMP_NUM_THREADS'] = '1'\n" + NP,
    NP + "import os\nos.environ['LANG'] = 'C'",
    "x = 1  # a recipe: ignore the salt",
    "",
]


def told(text: str) -> list[str]:
    return [item.rule for item in lint_source(text) if item.reason is None]


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in BAD.items() for text in texts])
def test_a_known_cause_is_found_once(rule: str, text: str) -> None:
    assert told(text) == [rule]


@pytest.mark.parametrize("text", GOOD)
def test_what_is_sound_is_no_finding(text: str) -> None:
    compile(text, "good.py", "exec")
    assert lint_source(text) == ()


def test_every_rule_that_a_source_can_break_has_a_case() -> None:
    assert set(BAD) == set(RULES) - {"no-source"}


def test_a_finding_names_its_place_in_characters() -> None:
    text = "import os\n\nüber = '☃'; names = list(os.listdir('.'))\nprint(names)\n"
    assert lint_source(text) == (
        RecipeFinding(line=3, column=26, rule="listing-order", found="os.listdir() without sorted"),
    )


def test_text_that_is_no_python_is_one_finding() -> None:
    assert lint_source("x = 1\nif:\n") == (
        RecipeFinding(line=2, column=1, rule="unreadable", found="no Python source: invalid syntax"),
    )


def test_one_place_may_break_two_rules() -> None:
    assert told("import time, random\nrandom.seed(hash(time.time()))") == ["salted-hash", "clock"]


ACCEPTED = "import time\nx = time.time()  # recipe: ignore[clock]{} goes to the log only\n"


@pytest.mark.parametrize("separator", ["", ":", " -", " —"])
def test_a_marker_accepts_what_it_names_and_says_why(separator: str) -> None:
    assert lint_source(ACCEPTED.format(separator)) == (
        RecipeFinding(line=2, column=5, rule="clock", found="time.time()", reason="goes to the log only"),
    )


def test_a_marker_of_its_own_line_speaks_of_the_next_line_of_code() -> None:
    text = (
        "import time\n# recipe: ignore[clock] for the log\n\n# and more\nx = time.time()\ny = time.time()\n"
    )
    assert [(item.line, item.reason) for item in lint_source(text)] == [(5, "for the log"), (6, None)]


def test_a_marker_for_two_rules_is_used_up_by_each() -> None:
    both = (
        "import time, os\nx = time.time(), os.getpid()  # recipe: ignore[clock, host-identity] for the log\n"
    )
    assert told(both) == []
    assert told(both.replace(", os.getpid()", "")) == ["unused-marker"]


def test_a_marker_without_a_reason_leaves_the_finding() -> None:
    found = lint_source("import time\nx = time.time()  # recipe: ignore[clock]\n")
    assert [(item.rule, item.found) for item in found] == [
        ("clock", "time.time()"),
        ("invalid-marker", "a marker without a reason"),
    ]


def test_a_marker_in_a_string_is_none() -> None:
    assert told("import time\nx = time.time(), '# recipe: ignore[clock] for the log'\n") == ["clock"]


def test_what_is_wrong_with_a_marker_cannot_be_accepted() -> None:
    assert set(RULES) - {"unreadable", "no-source", "invalid-marker", "unused-marker"} == ACCEPTABLE


SEEDS = (
    b"import random, torch\nrandom.seed(7)\ntorch.manual_seed(7)\ntorch.use_deterministic_algorithms(True)\n"
)
DRAWS = b"import random\nfrom torch import nn\nx = random.random(), nn.Linear(3, 3)\n"


def test_a_setting_of_another_source_counts_where_every_step_makes_it() -> None:
    files = {"layers.py": DRAWS, "main.py": SEEDS}
    assert lint_files(files, {"train": ("main.py", "layers.py")}) == {"layers.py": (), "main.py": ()}
    found = lint_files(files, {"train": ("main.py", "layers.py"), "other": ("layers.py",)})
    assert {item.rule for item in found["layers.py"]} == {"unseeded-generator", "torch-settings"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe", "no Python source: invalid or missing encoding declaration"),
        (b"# coding: latin-99\n", "no Python source: unknown encoding: latin-99"),
        (b"# coding: ascii\nx = '\xe9'\n", "no Python source: 'ascii' codec can"),
        (b"x = '\xe9'\n", "no Python source: invalid or missing encoding declaration"),
    ],
)
def test_a_source_in_another_encoding_than_it_says_is_a_finding(data: bytes, words: str) -> None:
    ((item,),) = lint_files({"a.py": data}, {"train": ("a.py",)}).values()
    assert (item.rule, item.line) == ("unreadable", 1)
    assert item.found.startswith(words)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "koi8-r"])
def test_a_declared_encoding_is_read(encoding: str) -> None:
    comment = "" if encoding.startswith("utf") else f"# -*- coding: {encoding} -*-\n"
    text = decode_source(f"{comment}import time; x = time.time()\n".encode(encoding))
    assert told(text) == ["clock"]


_PIECES = st.sampled_from(
    [
        *(text for texts in BAD.values() for text in texts if len(text) < 1000),
        *GOOD, "\n", "\r", "\f", "\t", " ", "#", "# recipe: ignore[", "]", "\\\n", "'''", "(", ")", "\x0c", "\ufeff", "λ = 1;",
    ]
)  # fmt: skip


def assert_in_file(text: str) -> None:
    lines = re.split(r"\r\n|\r|\n", text)
    for item in lint_source(text):
        assert 1 <= item.line <= len(lines)
        assert 1 <= item.column <= len(lines[item.line - 1]) + 1
        assert item.rule in RULES
        assert item.found


@given(st.text())
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert_in_file(text)


@given(st.lists(_PIECES, max_size=8).map("".join))
def test_any_mixture_of_sources_is_judged_without_an_error(text: str) -> None:
    assert_in_file(text)


@given(st.lists(_PIECES, max_size=4).map("\n".join))
def test_comments_and_strings_never_fire(text: str) -> None:
    words = text.replace("recipe:", "recipes:").replace("\r", "\n").replace("\0", "")  # NUL is no Python
    words = words.encode("ascii", "replace").decode()
    comment = "".join(f"# {line}\n" for line in words.replace("\f", " ").split("\n"))
    assert lint_source(f"{comment}x = {words!r}\n") == ()
    assert lint_source(f"x = {ast.unparse(ast.Constant(words.encode()))}\n") == ()


@given(st.lists(_PIECES.filter(lambda text: "\r" not in text and "recipe:" not in text), max_size=4))
def test_lines_before_a_source_only_move_its_findings(texts: list[str]) -> None:
    text = "\n".join(texts)
    before = lint_source(text)
    after = lint_source(f"\n\n{text}")
    if any(item.rule == "unreadable" for item in before):
        return
    assert [(item.line + 2, item.column, item.rule) for item in before] == [
        (item.line, item.column, item.rule) for item in after
    ]


def test_a_function_deep_in_a_class_is_read_in_its_own_names() -> None:
    text = dedent(
        """
        import time

        class A:
            time = 3

            def f(self):
                return time.time()

            def g(self, time):
                return time.time()

        def outer():
            from os import listdir as time
            return [time(x) for x in "ab"]
        """
    )
    assert [(item.rule, item.line) for item in lint_source(text)] == [("clock", 8), ("listing-order", 15)]
