/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor's native face for JavaScript. Records pass as whole batches of bytes (../bpf/records.h), never as objects.
 *
 * Every function takes the handle that open() gave, and throws an Error whose message says what failed.
 * A thread of ours waits for the ring and asks JavaScript to drain it; all else runs on the thread that calls.
 */
#define NAPI_VERSION 8
#include <node_api.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "boundary.h"
#include "verdicts.h"
#include "figures.h"
#include "guard.h"
#include "host.h"
#include "keep.h"
#include "kernel.h"
#include "tier.h"

/* A record waits at most this long, so that a batch is many. */
#define GATHER_MS 50
/* A look at the ring without being called: a call is lost where the ring is full behind a record that its writer has
 * not finished. Costs 20 us a second. */
#define LOOK_MS 1000
/* One Buffer. A record that somebody keeps, keeps its whole Buffer alive. */
#define BATCH_BYTES (256 * 1024)

struct handle {
	struct kernel kernel;
	pthread_t waiter;
	bool waiting;
	int stop_fd;
	atomic_bool asked; /* JavaScript was told and has not drained yet */
	napi_threadsafe_function tell;
	bool closed;
};

static napi_value throw_message(napi_env env, const char *message)
{
	napi_throw_error(env, NULL, message);
	return NULL;
}

static struct handle *handle_of(napi_env env, napi_value value)
{
	void *pointer = NULL;
	if (napi_get_value_external(env, value, &pointer) != napi_ok || !pointer) {
		throw_message(env, "not a sensor's handle");
		return NULL;
	}
	struct handle *handle = pointer;
	if (handle->closed) {
		throw_message(env, "the sensor was stopped");
		return NULL;
	}
	return handle;
}

struct kernel *kernel_of(napi_env env, napi_value value)
{
	struct handle *handle = handle_of(env, value);
	return handle ? &handle->kernel : NULL;
}

/* The arguments of a call, as far as given; the first must be a handle. */
static struct handle *called_on(napi_env env, napi_callback_info info, napi_value *arguments, size_t count)
{
	size_t given = count;
	napi_get_cb_info(env, info, &given, arguments, NULL, NULL);
	if (given < count) {
		throw_message(env, "too few arguments");
		return NULL;
	}
	return handle_of(env, arguments[0]);
}

enum woken { BY_TIME, BY_RING, BY_STOP };

static enum woken wait_until(int epoll, int timeout_ms)
{
	struct epoll_event events[2];
	int count = epoll_wait(epoll, events, 2, timeout_ms);
	enum woken woken = BY_TIME;
	for (int i = 0; i < count; i++)
		woken = events[i].data.u32 == BY_STOP || woken == BY_STOP ? BY_STOP : BY_RING;
	return woken;
}

/* Sleeps while nothing happens: the programs call for the first record, and again where it cannot wait for others. */
static void *wait_for_records(void *argument)
{
	struct handle *handle = argument;
	struct kernel *kernel = &handle->kernel;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	/* Edge-triggered: by level, a ring that holds anything at all would wake us at once, record by record. */
	struct epoll_event ring = { .events = EPOLLIN | EPOLLET, .data.u32 = BY_RING };
	struct epoll_event stop = { .events = EPOLLIN, .data.u32 = BY_STOP };
	epoll_ctl(epoll, EPOLL_CTL_ADD, kernel->ring_fd, &ring);
	epoll_ctl(epoll, EPOLL_CTL_ADD, handle->stop_fd, &stop);
	for (;;) {
		if (wait_until(epoll, LOOK_MS) == BY_STOP)
			break;
		if (!ring_has_records(&kernel->ring))
			continue;
		if (kernel_reader(kernel) < READER_HURRIES && wait_until(epoll, GATHER_MS) == BY_STOP)
			break;
		bool stopped = false;
		while (!stopped && atomic_load(&handle->asked)) /* it still drains what it was told of before */
			stopped = wait_until(epoll, GATHER_MS) == BY_STOP;
		if (stopped)
			break;
		atomic_store(&handle->asked, true);
		napi_call_threadsafe_function(handle->tell, NULL, napi_tsfn_nonblocking);
	}
	close(epoll);
	return NULL;
}

static void stop_waiting(struct handle *handle)
{
	uint64_t one = 1;
	if (!handle->waiting)
		return;
	if (write(handle->stop_fd, &one, sizeof(one)) != sizeof(one))
		abort(); /* an eventfd at zero takes a one; anything else is a descriptor that is not ours any more */
	pthread_join(handle->waiter, NULL);
	close(handle->stop_fd);
	napi_release_threadsafe_function(handle->tell, napi_tsfn_abort);
	handle->waiting = false;
}

static void close_handle(struct handle *handle)
{
	if (handle->closed)
		return;
	stop_waiting(handle);
	kernel_unload(&handle->kernel);
	handle->closed = true;
}

static void finalize(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	close_handle(data);
	free(data);
}

static bool text_of(napi_env env, napi_value value, char *to, size_t room)
{
	size_t length;
	return napi_get_value_string_utf8(env, value, to, room, &length) == napi_ok && length < room - 1;
}

/* refusal(): why this kernel takes no programs of the tier lsm; undefined when it does. */
static napi_value refusal(napi_env env, napi_callback_info info)
{
	char reason[MESSAGE_BYTES];
	napi_value value;
	(void)info;
	if (tier_probe(reason, sizeof(reason)))
		napi_create_string_utf8(env, reason, NAPI_AUTO_LENGTH, &value);
	else
		napi_get_undefined(env, &value);
	return value;
}

/* open(objectPath, tier, ringBytes, keepAt, identity): loads the programs; nothing is attached yet. Without keepAt,
 * nothing outlives this process. */
static napi_value open_sensor(napi_env env, napi_callback_info info)
{
	napi_value arguments[5], external;
	size_t count = 5;
	char path[4096], tier[32], keep_at[256], identity[IDENTITY_BYTES];
	uint32_t ring_bytes;
	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	bool keep = count == 5 && text_of(env, arguments[3], keep_at, sizeof(keep_at)) &&
		    text_of(env, arguments[4], identity, sizeof(identity));
	if (count < 3 || (count > 3 && !keep) || !text_of(env, arguments[0], path, sizeof(path)) ||
	    !text_of(env, arguments[1], tier, sizeof(tier)) ||
	    napi_get_value_uint32(env, arguments[2], &ring_bytes) != napi_ok)
		return throw_message(env, "open(objectPath, tier, ringBytes, keepAt, identity)");
	struct handle *handle = calloc(1, sizeof(*handle));
	if (!handle)
		return throw_message(env, "no memory for a handle");
	struct kernel_options options = { .object_path = path,
					  .tier = tier,
					  .ring_bytes = ring_bytes,
					  .pins_path = keep ? keep_at : NULL,
					  .identity = identity };
	if (kernel_load(&handle->kernel, &options)) {
		throw_message(env, handle->kernel.message);
		kernel_unload(&handle->kernel);
		free(handle);
		return NULL;
	}
	napi_create_external(env, handle, finalize, NULL, &external);
	return external;
}

static napi_value attach(napi_env env, napi_callback_info info)
{
	napi_value arguments[1];
	struct handle *handle = called_on(env, info, arguments, 1);
	if (handle && kernel_attach(&handle->kernel))
		throw_message(env, handle->kernel.message);
	return NULL;
}

static napi_value detach(napi_env env, napi_callback_info info)
{
	napi_value arguments[1];
	struct handle *handle = called_on(env, info, arguments, 1);
	if (handle)
		kernel_detach(&handle->kernel);
	return NULL;
}

/* detachProgram(handle, program) */
static napi_value detach_program(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	char program[64];
	struct handle *handle = called_on(env, info, arguments, 2);
	if (!handle)
		return NULL;
	if (!text_of(env, arguments[1], program, sizeof(program)))
		return throw_message(env, "detachProgram(handle, program)");
	if (kernel_detach_program(&handle->kernel, program))
		throw_message(env, handle->kernel.message);
	return NULL;
}

/* The queue holds one call: it says "drain", and once is enough. */
static void tell_javascript(napi_env env, napi_value function, void *context, void *data)
{
	napi_value undefined;
	(void)data;
	struct handle *handle = context;
	if (env) {
		napi_get_undefined(env, &undefined);
		napi_call_function(env, undefined, function, 0, NULL, NULL);
	}
	/* Not before: Node goes on with a queue that was filled meanwhile, up to 1,000 times in a row
	 * (ThreadSafeFunction::Dispatch() in src/node_api.cc), and nothing else would get its turn under load. */
	atomic_store(&handle->asked, false);
}

/* listen(handle, function): calls it, without arguments, whenever there is something to drain. */
static napi_value listen_for_records(napi_env env, napi_callback_info info)
{
	napi_value arguments[2], name;
	struct handle *handle = called_on(env, info, arguments, 2);
	if (!handle || handle->waiting)
		return NULL;
	napi_create_string_utf8(env, "spoor sensor", NAPI_AUTO_LENGTH, &name);
	if (napi_create_threadsafe_function(env, arguments[1], NULL, name, 0, 1, NULL, NULL, handle, tell_javascript,
					    &handle->tell) != napi_ok)
		return throw_message(env, "listen(handle, function)");
	handle->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (handle->stop_fd < 0)
		return throw_message(env, strerror(errno));
	int error = pthread_create(&handle->waiter, NULL, wait_for_records, handle);
	if (error)
		return throw_message(env, strerror(error));
	handle->waiting = true;
	return NULL;
}

/* drain(handle): a Buffer of whole records, or undefined when there are none. */
static napi_value drain(napi_env env, napi_callback_info info)
{
	napi_value arguments[1], buffer;
	void *to;
	struct handle *handle = called_on(env, info, arguments, 1);
	if (!handle)
		return NULL;
	struct ring *ring = &handle->kernel.ring;
	kernel_reader_sleeps(&handle->kernel); /* first: what comes from here on calls anew */
	size_t bytes = ring_measure(ring, BATCH_BYTES);
	if (!bytes)
		return NULL;
	if (napi_create_buffer(env, bytes, &to, &buffer) != napi_ok)
		return throw_message(env, "no memory for a batch");
	ring_take(ring, to, bytes);
	if (handle->kernel.pins.watch)
		handle->kernel.pins.watch->taken_records = ring->taken;
	return buffer;
}

/* positions(handle): [consumed, produced], bytes since the ring was made; and the records taken since. */
static napi_value positions(napi_env env, napi_callback_info info)
{
	napi_value arguments[1], pair, value;
	struct handle *handle = called_on(env, info, arguments, 1);
	if (!handle)
		return NULL;
	const struct ring *ring = &handle->kernel.ring;
	napi_create_array_with_length(env, 3, &pair);
	napi_create_bigint_uint64(env, *ring->consumed, &value);
	napi_set_element(env, pair, 0, value);
	napi_create_bigint_uint64(env, __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE), &value);
	napi_set_element(env, pair, 1, value);
	napi_create_bigint_uint64(env, ring->taken, &value);
	napi_set_element(env, pair, 2, value);
	return pair;
}

/* ask(handle, iterator, pid, session, slot): the iterator's answers, structs of records.h one behind the other. */
static napi_value ask(napi_env env, napi_callback_info info)
{
	napi_value arguments[5], buffer;
	char iterator[64];
	struct task_request request = {};
	uint8_t *answer;
	size_t bytes;
	struct handle *handle = called_on(env, info, arguments, 5);
	if (!handle)
		return NULL;
	if (!text_of(env, arguments[1], iterator, sizeof(iterator)) ||
	    napi_get_value_uint32(env, arguments[2], &request.pid) != napi_ok ||
	    napi_get_value_uint32(env, arguments[3], &request.session) != napi_ok ||
	    napi_get_value_uint32(env, arguments[4], &request.slot) != napi_ok)
		return throw_message(env, "ask(handle, iterator, pid, session, slot)");
	if (kernel_ask(&handle->kernel, iterator, &request, &answer, &bytes))
		return throw_message(env, handle->kernel.message);
	napi_status status = napi_create_buffer_copy(env, bytes, answer, NULL, &buffer);
	free(answer);
	return status == napi_ok ? buffer : throw_message(env, "no memory for an answer");
}

/* The words of a call (handle, words): a Buffer of SUSPECT_WORD_BYTES each. */
static napi_value for_each_word(napi_env env, napi_callback_info info,
				int (*change)(struct kernel *kernel, const uint8_t *word))
{
	napi_value arguments[2];
	void *words;
	size_t bytes;
	struct handle *handle = called_on(env, info, arguments, 2);
	if (!handle)
		return NULL;
	if (napi_get_buffer_info(env, arguments[1], &words, &bytes) != napi_ok)
		return throw_message(env, "the words must be a Buffer");
	for (size_t at = 0; at + SUSPECT_WORD_BYTES <= bytes; at += SUSPECT_WORD_BYTES)
		if (change(&handle->kernel, (const uint8_t *)words + at))
			return throw_message(env, handle->kernel.message);
	return NULL;
}

/* suspect(handle, words): programs whose path holds one of them are tagged as they are exec-ed. */
static napi_value suspect(napi_env env, napi_callback_info info)
{
	return for_each_word(env, info, kernel_suspect);
}

static napi_value unsuspect(napi_env env, napi_callback_info info)
{
	return for_each_word(env, info, kernel_unsuspect);
}

/* nameHost(handle, hash, how): processes outside sessions that name this host are told. */
static napi_value name_host(napi_env env, napi_callback_info info)
{
	napi_value arguments[3];
	uint64_t hash;
	uint32_t how;
	bool lossless;
	struct handle *handle = called_on(env, info, arguments, 3);
	if (!handle)
		return NULL;
	if (napi_get_value_bigint_uint64(env, arguments[1], &hash, &lossless) != napi_ok ||
	    napi_get_value_uint32(env, arguments[2], &how) != napi_ok)
		return throw_message(env, "nameHost(handle, hash, how)");
	return kernel_name_host(&handle->kernel, hash, how) ? throw_message(env, handle->kernel.message) : NULL;
}

/* judge(handle, tag, becomes) */
static napi_value judge(napi_env env, napi_callback_info info)
{
	napi_value arguments[3];
	uint32_t tag, becomes;
	struct handle *handle = called_on(env, info, arguments, 3);
	if (!handle)
		return NULL;
	if (napi_get_value_uint32(env, arguments[1], &tag) != napi_ok ||
	    napi_get_value_uint32(env, arguments[2], &becomes) != napi_ok)
		return throw_message(env, "judge(handle, tag, becomes)");
	verdicts_judge(&handle->kernel, tag, becomes);
	return NULL;
}

static int64_t nanoseconds(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

/* wallOffsetNs(): of five readings the one taken quickest, as a preemption between two clocks is an error. */
static napi_value wall_offset(napi_env env, napi_callback_info info)
{
	napi_value value;
	int64_t offset = 0, best = INT64_MAX;
	(void)info;
	for (int i = 0; i < 5; i++) {
		int64_t before = nanoseconds(CLOCK_BOOTTIME);
		int64_t wall = nanoseconds(CLOCK_REALTIME);
		int64_t after = nanoseconds(CLOCK_BOOTTIME);
		if (after - before < best) {
			best = after - before;
			offset = wall - (before + best / 2);
		}
	}
	napi_create_bigint_int64(env, offset, &value);
	return value;
}

/* close(handle): detaches and unloads; a second time does nothing. */
static napi_value close_sensor(napi_env env, napi_callback_info info)
{
	napi_value arguments[1];
	size_t count = 1;
	void *pointer = NULL;
	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	if (count < 1 || napi_get_value_external(env, arguments[0], &pointer) != napi_ok)
		return throw_message(env, "close(handle)");
	close_handle(pointer);
	return NULL;
}

/* leave(code): ends the process at once. Node's own exit gives the terminal back the settings it had when Node began,
 * which undoes what a watched COMMAND set (ResetStdio in src/node.cc), and joins threads that a dead file system holds.
 */
static napi_value leave(napi_env env, napi_callback_info info)
{
	napi_value arguments[1];
	size_t count = 1;
	int32_t code;
	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	if (count < 1 || napi_get_value_int32(env, arguments[0], &code) != napi_ok)
		return throw_message(env, "leave(code)");
	_exit(code);
}

NAPI_MODULE_INIT()
{
	static const struct {
		const char *name;
		napi_callback function;
	} functions[] = {
		{ "open", open_sensor },   { "attach", attach },	 { "listen", listen_for_records },
		{ "drain", drain },	   { "positions", positions },	 { "counters", figures_counters },
		{ "misses", figures_misses },	   { "ask", ask },		 { "wallOffsetNs", wall_offset },
		{ "close", close_sensor }, { "detach", detach },	 { "detachProgram", detach_program },
		{ "leave", leave },	   { "suspect", suspect },	 { "unsuspect", unsuspect },
		{ "nameHost", name_host },
		{ "judge", judge },	   { "histogram", figures_histogram },	 { "missing", figures_missing },
		{ "notify", host_notify }, { "peer", host_peer },	 { "refusal", refusal },
		{ "kept", keep_kept },	   { "mark", keep_mark },	 { "unkeep", keep_remove },
		{ "forget", keep_forget }, { "verdict", keep_verdict },	 { "lost", figures_lost },
		{ "trim", host_trim },	   { "guard", guard_begin },	 { "unguard", guard_end },
	};
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		napi_value function;
		napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function);
		napi_set_named_property(env, exports, functions[i].name, function);
	}
	return exports;
}
