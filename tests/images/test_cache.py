import hashlib
import multiprocessing
import os
import pickle
import random
import sqlite3
import sys
import time

import numpy as np
import pytest

from ovcf_bench.errors import DataError
from ovcf_bench.images import ImageCache, Preprocessing, pixel_digest, resize

SMALL, OTHER = Preprocessing(12, 8), Preprocessing(12, 8, "stretch")
PLENTY = 10**9
APART = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")  # fork copies locks


def image(seed, shape=(24, 20)):
    return np.random.default_rng(seed).integers(0, 65536, shape, dtype=np.uint16)


def filled(folder, seeds, preprocessing=SMALL, limit=PLENTY):
    cache = ImageCache(folder, limit)
    for seed in seeds:
        cache.put(f"key-{seed}", image(seed), preprocessing)
    return cache


def keys(seeds):
    return [f"key-{seed}" for seed in seeds]


def assert_holds(cache, seeds, preprocessing=SMALL):
    pixels = cache.open([[key] for key in keys(seeds)], preprocessing)
    expected = np.array([[resize(image(seed), preprocessing)] for seed in seeds])
    np.testing.assert_array_equal(pixels[:], expected)


def test_what_is_put_comes_back_at_the_size_asked_for(tmp_path):
    cache = filled(tmp_path, range(5))
    assert_holds(cache, [3, 0, 4])
    assert_holds(ImageCache(tmp_path, PLENTY), range(5))


def test_the_digest_is_that_of_the_source_image(tmp_path):
    cache = ImageCache(tmp_path, PLENTY)
    assert cache.put("a", image(1), SMALL) == pixel_digest(image(1))
    assert cache.put("b", image(2), SMALL) == pixel_digest(image(2))
    assert cache.digests(["a", "b", "c"]) == {"a": pixel_digest(image(1)), "b": pixel_digest(image(2))}
    assert cache.stored(["a", "b", "c"], SMALL) == {"a", "b"}
    assert cache.stored(["a"], OTHER) == set()


def test_several_views_stand_side_by_side(tmp_path):
    cache = filled(tmp_path, range(4))
    pixels = cache.open([["key-0", "key-1"], ["key-2", "key-3"], ["key-1", "key-0"]], SMALL)
    assert pixels.shape == (3, 2, 12, 8)
    batch = pixels[np.array([2, 0])]
    assert batch.shape == (2, 2, 12, 8)
    assert batch.dtype == np.uint16
    np.testing.assert_array_equal(batch[0, 0], resize(image(1), SMALL))
    np.testing.assert_array_equal(batch[1], pixels[0:1][0])


def test_no_images_is_a_set_of_its_own(tmp_path):
    assert filled(tmp_path, [1]).open([], SMALL).shape == (0, 1, 12, 8)


def test_equal_images_share_a_row(tmp_path):
    cache = filled(tmp_path, [1])
    cache.put("twin", image(1), SMALL)
    (entry,) = cache.entries()
    assert (entry.images, entry.bytes) == (1, SMALL.image_bytes)
    pixels = cache.open([["key-1"], ["twin"]], SMALL)
    np.testing.assert_array_equal(pixels[0:1], pixels[1:2])


def test_an_image_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match="1 of 2 images are not in the cache"):
        filled(tmp_path, [1]).open([["key-1"], ["key-2"]], SMALL)


def test_nothing_is_made_by_looking(tmp_path):
    cache = ImageCache(tmp_path / "cache", PLENTY)
    assert (cache.digests(["a"]), cache.stored(["a"], SMALL), cache.entries(), cache.clear()) == ({}, set(), [], 0)
    assert not (tmp_path / "cache").exists()


def test_more_keys_than_a_statement_of_sqlite_takes_are_looked_up(tmp_path):
    cache = filled(tmp_path, [1])
    many = [*keys(range(40_000)), "key-1"]  # SQLITE_MAX_VARIABLE_NUMBER is 32,766
    assert cache.digests(many) == {"key-1": pixel_digest(image(1))}
    assert cache.stored(many, SMALL) == {"key-1"}


@pytest.mark.system
def test_a_hundred_thousand_keys_are_looked_up_within_a_second(tmp_path):
    cache = filled(tmp_path, [1])
    many = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(100_000)]
    with sqlite3.connect(tmp_path / "index-2.sqlite") as index:
        index.executemany("INSERT INTO sources VALUES (?, ?)", zip(many, many, strict=True))
        index.executemany("INSERT INTO pixels VALUES (1, ?, ?, 1)", zip(many, range(100_000), strict=True))
    index.close()
    random.Random(1).shuffle(many)
    for look_up in (lambda: cache.digests(many), lambda: cache.stored(many, SMALL)):
        seconds = []
        for _ in range(3):  # the quickest counts: other programs slow this machine down
            begun = time.process_time()
            assert len(look_up()) == 100_000
            seconds.append(time.process_time() - begun)
        assert min(seconds) < 1


def test_a_full_cache_drops_the_slab_not_used_for_longest(tmp_path):
    oldest, older, newest = (Preprocessing(12, width) for width in (8, 9, 10))
    for age, preprocessing in enumerate((newest, older, oldest)):
        filled(tmp_path, range(3), preprocessing)
        (slab,) = tmp_path.glob(f"{preprocessing.version}.*")
        os.utime(slab, (time.time() - age * 60,) * 2)
    room = 3 * (older.image_bytes + newest.image_bytes)
    filled(tmp_path, range(2), SMALL := Preprocessing(6, 8), limit=room + 2 * SMALL.image_bytes)
    assert {entry.version for entry in ImageCache(tmp_path, PLENTY).entries()} == {
        older.version,
        newest.version,
        SMALL.version,
    }


def test_room_is_made_before_images_are_decoded(tmp_path):
    filled(tmp_path, range(3))
    cache = ImageCache(tmp_path, 4 * OTHER.image_bytes)
    cache.make_room(4, OTHER)
    assert cache.entries() == []
    with pytest.raises(DataError, match=r"5 more images need .* the limit is 0\.001 MB"):
        cache.make_room(5, OTHER)


def test_an_image_larger_than_the_limit_is_an_error_that_says_what_to_do(tmp_path):
    cache = ImageCache(tmp_path, SMALL.image_bytes - 1)
    with pytest.raises(DataError, match="OVCF_BENCH_CACHE_GB"):
        cache.put("a", image(1), SMALL)
    assert cache.stored(["a"], SMALL) == set()


def test_a_run_never_drops_its_own_images(tmp_path):
    cache = filled(tmp_path, range(3), limit=3 * SMALL.image_bytes)
    with pytest.raises(DataError, match="the limit is"):
        cache.put("more", image(9), OTHER)
    assert_holds(cache, range(3))


def test_dropped_images_are_stored_again_when_they_are_put_again(tmp_path):
    filled(tmp_path, range(3), limit=3 * SMALL.image_bytes)
    filled(tmp_path, range(3), OTHER, limit=3 * SMALL.image_bytes)
    cache = ImageCache(tmp_path, 3 * SMALL.image_bytes)
    assert cache.stored(keys(range(3)), SMALL) == set()
    assert set(cache.digests(keys(range(3)))) == set(keys(range(3)))
    assert_holds(filled(tmp_path, range(3), limit=3 * SMALL.image_bytes), range(3))


def test_a_slab_that_somebody_removed_by_hand_is_made_again(tmp_path):
    filled(tmp_path, range(3))
    for slab in tmp_path.glob("*.u16"):
        slab.unlink()
    assert ImageCache(tmp_path, PLENTY).stored(keys(range(3)), SMALL) == set()
    cache = filled(tmp_path, [2])
    assert cache.stored(keys(range(3)), SMALL) == {"key-2"}
    assert_holds(cache, [2])


def test_clear_removes_everything_and_says_how_much(tmp_path):
    filled(tmp_path, range(3))
    cache = filled(tmp_path, range(2), OTHER)
    assert cache.clear() == 5 * SMALL.image_bytes
    assert cache.entries() == []
    assert cache.digests(keys(range(3))) == {}
    assert_holds(filled(tmp_path, range(3)), range(3))


def test_a_broken_index_says_what_to_do_and_that_helps(tmp_path):
    filled(tmp_path, [1])
    for path in tmp_path.glob("index-2.sqlite*"):
        path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(DataError, match="ovcf-bench cache clear"):
        ImageCache(tmp_path, PLENTY).digests(["key-1"])
    ImageCache(tmp_path, PLENTY).clear()
    assert_holds(filled(tmp_path, [1]), [1])


def test_a_batch_counts_once_it_is_on_disk(tmp_path):
    cache = ImageCache(tmp_path, PLENTY)
    with cache.batch():
        for seed in range(70):
            cache.put(f"key-{seed}", image(seed), SMALL)
        assert len(ImageCache(tmp_path, PLENTY).stored(keys(range(70)), SMALL)) == 64
    assert_holds(cache, range(70))


def test_pixels_outlive_the_cache_object_but_say_so_when_they_are_gone(tmp_path):
    pixels = filled(tmp_path, range(3)).open([["key-1"]], SMALL)
    copy = pickle.loads(pickle.dumps(pixels))
    read = pixels[:]
    assert ImageCache(tmp_path, PLENTY).clear() == 0  # still mapped
    np.testing.assert_array_equal(pixels[:], read)
    del pixels
    ImageCache(tmp_path, PLENTY).clear()
    with pytest.raises(DataError, match="Run again"):
        copy[:]


def read_there(pixels, sender):
    sender.send(pixels[np.array([1, 0])])


def test_pixels_travel_to_another_process(tmp_path, server):
    pixels = filled(tmp_path, range(2)).open([["key-0"], ["key-1"]], SMALL)
    assert pixels.shape == (2, 1, 12, 8)
    receiver, sender = APART.Pipe(duplex=False)
    process = APART.Process(target=read_there, args=(pixels, sender))
    process.start()
    np.testing.assert_array_equal(receiver.recv(), pixels[::-1])
    process.join()


def put_many(cache, seeds, started):
    with cache.batch():
        for number, seed in enumerate(seeds):
            cache.put(f"key-{seed}", image(seed), SMALL)
            if number == 5:
                started.set()


def test_several_processes_fill_one_cache_and_one_of_them_is_killed(tmp_path, server):
    cache, seeds = ImageCache(tmp_path / "new", PLENTY), list(range(150))
    begun = [APART.Event() for _ in range(3)]
    orders = [seeds, seeds[::-1], list(range(100_000))]  # the third never ends by itself
    processes = [
        APART.Process(target=put_many, args=(cache, order, started))
        for order, started in zip(orders, begun, strict=True)
    ]
    for process in processes:
        process.start()
    assert begun[2].wait(60)
    processes[2].kill()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, -9]
    assert_holds(cache, seeds)
    stored = cache.stored(keys(range(100_000)), SMALL)
    there = [seed for seed in range(100_000) if f"key-{seed}" in stored]
    assert_holds(cache, there)
    later = list(range(140, 260))
    assert_holds(filled(tmp_path / "new", later), later)


def use(cache, opened, end):
    pixels = cache.open([["key-0"]], SMALL)
    opened.set()
    end.wait(60)
    assert pixels[:].any()


def test_what_another_process_uses_stays_until_that_process_is_gone(tmp_path, server):
    filled(tmp_path, range(3))
    opened, end = APART.Event(), APART.Event()
    process = APART.Process(target=use, args=(ImageCache(tmp_path, PLENTY), opened, end))
    process.start()
    assert opened.wait(60)
    cache = ImageCache(tmp_path, 3 * SMALL.image_bytes)
    with pytest.raises(DataError, match="wait until other runs have ended"):
        cache.make_room(1, OTHER)
    assert cache.clear() == 0
    assert cache.stored(keys(range(3)), SMALL) == set(keys(range(3)))
    process.kill()
    process.join()
    cache = ImageCache(tmp_path, 3 * SMALL.image_bytes)
    cache.make_room(1, OTHER)
    assert cache.entries() == []
