"""A file from the network: whole and of the right content, or not at all."""

import glob
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emolens.errors import WeightsError, in_short
from emolens.progress import is_quiet, notice

PATIENCE_S = 5.0  # for a server to answer at all, before saying that there is no network
PLAIN = {"Accept-Encoding": "identity"}  # so that lengths are those of the file


def download(url: str, path: Path, what: str, instead: str, digest: str | None = None, size: int | None = None) -> None:
    """Fetch a file; it lies at ``path`` whole and of the right content, or not at all.

    What a broken connection leaves is kept beside ``path`` and continued by the next call, as long as the server
    still has the same file. Processes that want the same file wait for the first of them.

    Args:
        url: its address, http or https.
        path: where to; folders are made, a file that is there is replaced.
        what: what messages and the bar call it.
        instead: how to do without, for the message, after "or".
        digest: "sha256:HEX" or "md5:HEX", or the first digits of it; None is not checked.
        size: in bytes; None is not checked.

    Raises:
        WeightsError: no network, a full disk, other bytes; says where the file can be had and where it may be put.
    """
    from filelock import FileLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            if path.is_file() and digest is not None and has_digest(path, digest):
                return  # another process has fetched it meanwhile
            version, length = _ask(url)
            part = path.with_name(f".{path.name}.{version}.part")
            for other in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
                if other != part or not version:
                    other.unlink()  # of another version of the file, or nobody knows of which
            notice(f"{what}: fetching {url}")
            _fetch(url, part, what, length)
            _check(part, digest, size)
            part.replace(path)
    except Exception as error:  # no network, a proxy, a full disk, another digest: each has its own class
        raise WeightsError(
            f"{what} cannot be fetched ({in_short(error)}).\nFetch {url} where there is a network, and put it at "
            f"{path} or {instead}"
        ) from error


def has_digest(path: Path, digest: str) -> bool:
    """Whether a file's content has that digest: "ALGORITHM:HEX", of which HEX may be only the first digits."""
    algorithm, _, wanted = digest.partition(":")
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest().startswith(wanted.lower())


def hash_in_name(name: str) -> str | None:
    """The digest that a name of torch's model zoos carries: ``resnet34-b627a593.pth``; None where there is none."""
    stated = re.search(r"-([a-f0-9]{8,})\.", name)
    return f"sha256:{stated[1]}" if stated else None


def _ask(url: str) -> tuple[str, int | None]:
    """What tells this version of a file on a server from another, "" if the server will not say; and its bytes.

    Raises what the client raises where there is no network.
    """
    from huggingface_hub import get_session

    answer = get_session().head(url, timeout=PATIENCE_S, headers=PLAIN)
    stated = [answer.headers.get(name, "") for name in ("etag", "last-modified", "content-length")]
    if answer.status_code != 200 or not stated[2].isdigit():
        return "", None
    return hashlib.sha256("\n".join([url, *stated]).encode()).hexdigest()[:12], int(stated[2])


def _fetch(url: str, part: Path, what: str, length: int | None) -> None:
    """Bring ``part`` from where it ends to its length; the client itself goes on where a connection breaks."""
    from huggingface_hub.file_download import http_get

    try:
        with open(part, "ab") as stream, _bar():
            http_get(
                url, stream, resume_size=stream.tell(), headers=PLAIN, expected_size=length, displayed_filename=what
            )
    except Exception:
        if not part.stat().st_size:
            part.unlink()  # nothing to go on from
        raise


def _check(part: Path, digest: str | None, size: int | None) -> None:
    """Raises ValueError and removes the file if it is not what was published."""
    have = part.stat().st_size
    wrong = None
    if size is not None and have != size:
        wrong = f"{have:,} bytes came, {size:,} were published"
    elif digest is not None and not has_digest(part, digest):
        algorithm, _, wanted = digest.partition(":")
        wrong = f"other bytes came than were published: the {algorithm} is not {wanted}"
    if wrong is not None:
        part.unlink()
        raise ValueError(wrong)


@contextmanager
def _bar() -> Iterator[None]:
    """The client's bar, which shows itself on terminals only; none inside ``quiet``."""
    from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

    name = "huggingface_hub.http_get"
    if is_quiet():
        disable_progress_bars(name)
    try:
        yield
    finally:
        if is_quiet():
            enable_progress_bars(name)
