/*
 * Origin: an HTTP/1.1 server that costs a few microseconds per request, so that the client is what is measured.
 * One thread, epoll, answers made in advance. It is built with `cc` when the bench starts; where there is none,
 * origin.ts does the same, slower.
 *
 *   origin [cert.pem key.pem]     prints its port; ends when its standard input does
 *   origin 1000                   the same on 1,000 ports, which it prints in one line: as many origins
 *
 * Paths: /small (100 bytes), /medium (16 KiB), /large (1 MiB), /chunked (16 KiB in four chunks),
 * /held/5000/8000 (as /small, but nobody is answered before 5,000 have asked, or nothing has come for 8 s),
 * /upload (answers how many bytes of body came, in 20 digits), /usage (CPU in microseconds, requests, open connections,
 * resumed TLS sessions, connections that were made, bytes of bodies that came; itself it does not count).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
static SSL_CTX *context;
#endif

enum { BUFFER = 256 * 1024, EVENTS = 512, HEAD = 16 * 1024, PORTS = 4096, DESCRIPTORS = 16 * 1024 };
enum stage { IN_HEAD, IN_LENGTH, IN_CHUNK_SIZE, IN_CHUNK, IN_CHUNK_END, IN_TRAILERS };

struct answer { char *bytes; size_t length; };

struct connection {
  int fd;
  enum stage stage;
  int path;
  size_t left, received, line;
  char head[HEAD];
  size_t headLength;
  /* What the kernel did not take yet. */
  const char *pending;
  size_t pendingLength;
  char own[512];
#ifdef TLS
  SSL *ssl;
  int accepted;
#endif
};

enum { SMALL, MEDIUM, LARGE, CHUNKED, HELD, UPLOAD, USAGE, PATHS };
static const char *names[PATHS] = {"/small", "/medium", "/large", "/chunked", "/held/", "/upload", "/usage"};
static struct answer answers[PATHS];
static char buffer[BUFFER];
static int poller;
static unsigned long long requests, uploaded;
static long opened, resumed, made;
/* Their addresses are what epoll tells of them. */
static int servers[PORTS];
/* Those that wait for the rest of their batch, by descriptor; how many requests it has, and how many of them came. */
static struct connection *held[DESCRIPTORS];
static unsigned long batch, came;
/* How many wait, for how long without a sign, and whether the rest need not: their client opens no more connections. */
static int waiting, quietMs, isOver;

static const char FIELDS[] =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Fri, 20 Nov 2026 18:00:00 GMT\r\nServer: bench\r\n";

static struct answer sized(size_t length) {
  char head[512];
  int size = snprintf(head, sizeof head, "%sContent-Length: %zu\r\n\r\n", FIELDS, length);
  struct answer made = {malloc(size + length), size + length};
  memcpy(made.bytes, head, size);
  memset(made.bytes + size, 'x', length);
  return made;
}

static struct answer chunked(size_t chunk, int count) {
  struct answer made = {malloc(1024 + count * (chunk + 32)), 0};
  made.length = sprintf(made.bytes, "%sTransfer-Encoding: chunked\r\n\r\n", FIELDS);
  for (int i = 0; i < count; i++) {
    made.length += sprintf(made.bytes + made.length, "%zx\r\n", chunk);
    memset(made.bytes + made.length, 'x', chunk);
    made.length += chunk;
    made.length += sprintf(made.bytes + made.length, "\r\n");
  }
  made.length += sprintf(made.bytes + made.length, "0\r\n\r\n");
  return made;
}

static void drop(struct connection *connection) {
  if (connection->fd < DESCRIPTORS && held[connection->fd]) {
    held[connection->fd] = NULL;
    waiting--;
  }
#ifdef TLS
  if (connection->ssl) SSL_free(connection->ssl);
#endif
  close(connection->fd);
  free(connection);
  opened--;
}

static ssize_t put(struct connection *connection, const char *bytes, size_t length) {
#ifdef TLS
  if (connection->ssl) {
    ERR_clear_error(); /* an error of another connection would look like one of this */
    int taken = SSL_write(connection->ssl, bytes, (int)length);
    if (taken > 0) return taken;
    int error = SSL_get_error(connection->ssl, taken);
    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
    return -1;
  }
#endif
  return send(connection->fd, bytes, length, MSG_NOSIGNAL);
}

static ssize_t get(struct connection *connection) {
#ifdef TLS
  if (connection->ssl) {
    ERR_clear_error();
    int taken = SSL_read(connection->ssl, buffer, BUFFER);
    if (taken > 0) return taken;
    int error = SSL_get_error(connection->ssl, taken);
    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
    return -1;
  }
#endif
  ssize_t taken = recv(connection->fd, buffer, BUFFER, 0);
  if (taken == 0) errno = EPIPE;
  return taken == 0 ? -1 : taken;
}

static void watch(struct connection *connection, unsigned events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  epoll_ctl(poller, EPOLL_CTL_MOD, connection->fd, &event);
}

/* Answers whether the connection lives. */
static int flush(struct connection *connection) {
  while (connection->pendingLength > 0) {
    ssize_t taken = put(connection, connection->pending, connection->pendingLength);
    if (taken < 0) {
      if (errno != EAGAIN) return 0;
      watch(connection, EPOLLOUT);
      return 1;
    }
    connection->pending += taken;
    connection->pendingLength -= taken;
  }
  return 1;
}

static struct answer own(struct connection *connection) {
  char body[160];
  if (connection->path == USAGE) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    long long micros = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    made--; /* the one that asks */
    snprintf(body, sizeof body, "%lld %llu %ld %ld %ld %llu", micros, requests, opened, resumed, made, uploaded);
  } else {
    snprintf(body, sizeof body, "%020zu", connection->received);
  }
  int length = snprintf(connection->own, sizeof connection->own, "%sContent-Length: %zu\r\n\r\n%s", FIELDS, strlen(body), body);
  return (struct answer){connection->own, length};
}

static int respond(struct connection *connection) {
  struct answer answer = answers[connection->path];
  if (connection->path == UPLOAD || connection->path == USAGE) answer = own(connection);
  if (connection->path != USAGE) {
    requests++;
    uploaded += connection->received;
  }
  connection->stage = IN_HEAD;
  connection->headLength = 0;
  connection->received = 0;
  connection->pending = answer.bytes;
  connection->pendingLength = answer.length;
  return flush(connection);
}

/* The main loop answers, because an answer may end its connection. */
static int hold(struct connection *connection, char *numbers) {
  batch = strtoul(numbers, &numbers, 10);
  quietMs = *numbers == '/' ? atoi(numbers + 1) : 0;
  came++;
  if (isOver || connection->fd >= DESCRIPTORS) return respond(connection);
  held[connection->fd] = connection;
  waiting++;
  return 1;
}

static void release(void) {
  for (int fd = 0; waiting > 0 && fd < DESCRIPTORS; fd++) {
    struct connection *connection = held[fd];
    if (!connection) continue;
    held[fd] = NULL;
    waiting--;
    if (!respond(connection)) drop(connection);
  }
}

/* After each turn of events. */
static void endTurn(int isQuiet) {
  int isWhole = came >= batch || (isQuiet && !waiting);
  isOver = !isWhole && (isOver || isQuiet);
  if (isWhole) came = 0;
  if (isWhole || isOver) release();
}

static const char *field(const char *head, const char *name) {
  const char *found = strcasestr(head, name);
  return found ? found + strlen(name) : NULL;
}

static int headed(struct connection *connection) {
  char *head = connection->head;
  head[connection->headLength - 1] = 0;
  connection->path = SMALL;
  char *target = strchr(head, ' ');
  for (int path = 0; target && path < PATHS; path++)
    if (strncmp(target + 1, names[path], strlen(names[path])) == 0) connection->path = path;
  if (connection->path == HELD) return hold(connection, target + 1 + strlen(names[HELD]));
  if (*head == 'G') return respond(connection);
  const char *length = field(head, "\r\ncontent-length:");
  if (field(head, "\r\ntransfer-encoding:")) {
    connection->stage = IN_CHUNK_SIZE;
    connection->left = 0;
    return 1;
  }
  connection->left = length ? strtoul(length, NULL, 10) : 0;
  if (connection->left == 0) return respond(connection);
  connection->stage = IN_LENGTH;
  return 1;
}

static size_t take(struct connection *connection, size_t length) {
  size_t taken = length < connection->left ? length : connection->left;
  connection->left -= taken;
  connection->received += taken;
  return taken;
}

/* One byte of a chunk's size, of the CR LF behind its data, or of the end. */
static int coded(struct connection *connection, char byte) {
  if (byte == '\r') return 1;
  if (connection->stage == IN_CHUNK_SIZE && byte != '\n') {
    connection->left = connection->left * 16 + (size_t)(byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10);
    return 1;
  }
  if (connection->stage == IN_CHUNK_SIZE) connection->stage = connection->left == 0 ? IN_TRAILERS : IN_CHUNK;
  else if (connection->stage == IN_CHUNK_END) connection->stage = IN_CHUNK_SIZE;
  else if (connection->stage == IN_TRAILERS) return respond(connection);
  return 1;
}

/* No pipelining: what follows a request is the next one, after the answer. */
static int feed(struct connection *connection, const char *bytes, size_t length) {
  size_t at = 0;
  while (at < length) {
    if (connection->stage == IN_HEAD) {
      if (connection->headLength + 1 >= HEAD) return 0;
      connection->head[connection->headLength++] = bytes[at++];
      if (bytes[at - 1] == '\n' && connection->headLength > 3 &&
          memcmp(connection->head + connection->headLength - 4, "\r\n\r\n", 4) == 0 && !headed(connection)) return 0;
    } else if (connection->stage == IN_LENGTH) {
      at += take(connection, length - at);
      if (connection->left == 0 && !respond(connection)) return 0;
    } else if (connection->stage == IN_CHUNK) {
      at += take(connection, length - at);
      if (connection->left == 0) connection->stage = IN_CHUNK_END;
    } else if (!coded(connection, bytes[at++])) return 0;
  }
  return 1;
}

static int readable(struct connection *connection) {
#ifdef TLS
  if (connection->ssl && !connection->accepted) {
    ERR_clear_error();
    int done = SSL_accept(connection->ssl);
    if (done != 1) {
      int error = SSL_get_error(connection->ssl, done);
      return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    }
    connection->accepted = 1;
    made++;
    resumed += SSL_session_reused(connection->ssl);
  }
#endif
  for (;;) {
    ssize_t length = get(connection);
    if (length < 0) return errno == EAGAIN;
    if (!feed(connection, buffer, length)) return 0;
#ifdef TLS
    if (connection->ssl) continue; /* it may hold decrypted bytes that epoll knows nothing of */
#endif
    if (length < BUFFER) return 1;
  }
}

static void welcome(int server) {
  int fd;
  while ((fd = accept4(server, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = malloc(sizeof *connection);
    memset(connection, 0, offsetof(struct connection, head));
    connection->headLength = connection->pendingLength = 0;
    connection->fd = fd;
#ifdef TLS
    connection->ssl = NULL;
    connection->accepted = 0;
    if (!context) made++;
    else {
      connection->ssl = SSL_new(context);
      SSL_set_fd(connection->ssl, fd);
      SSL_set_accept_state(connection->ssl);
    }
#else
    made++;
#endif
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    opened++;
  }
}

/* Answers whether the port could be opened, and prints it. */
static int serve(int *place) {
  int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(server, (struct sockaddr *)&address, size) || listen(server, 16384)) return 0;
  getsockname(server, (struct sockaddr *)&address, &size);
  printf("%d ", ntohs(address.sin_port));
  *place = server;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = place};
  epoll_ctl(poller, EPOLL_CTL_ADD, server, &event);
  return 1;
}

static int start(int ports) {
  poller = epoll_create1(0);
  for (int at = 0; at < ports && at < PORTS; at++)
    if (!serve(&servers[at])) return 0;
  printf("\n");
  fflush(stdout);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = &poller};
  epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &event);
  return 1;
}

static int isServer(const void *pointer) {
  return (const char *)pointer >= (const char *)servers && (const char *)pointer < (const char *)(servers + PORTS);
}

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN); /* a client that ends within its handshake */
#ifdef TLS
  if (count > 2) {
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_chain_file(context, arguments[1]);
    if (SSL_CTX_use_PrivateKey_file(context, arguments[2], SSL_FILETYPE_PEM) != 1) return 2;
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }
#else
  if (count > 2) return 2;
#endif
  answers[SMALL] = answers[HELD] = sized(100);
  answers[MEDIUM] = sized(16 * 1024);
  answers[LARGE] = sized(1024 * 1024);
  answers[CHUNKED] = chunked(4096, 4);
  int runs = start(count == 2 ? atoi(arguments[1]) : 1);
  struct epoll_event events[EVENTS];
  while (runs) {
    int ready = epoll_wait(poller, events, EVENTS, came ? quietMs : -1);
    for (int at = 0; at < ready; at++) {
      struct connection *connection = events[at].data.ptr;
      char byte;
      if (isServer(connection)) { welcome(*(int *)connection); continue; }
      if ((void *)connection == &poller) { if (read(STDIN_FILENO, &byte, 1) <= 0) return 0; continue; }
      int waits = connection->pendingLength > 0;
      int lives = waits ? flush(connection) : readable(connection);
      if (!lives) drop(connection);
      else if (waits && connection->pendingLength == 0) watch(connection, EPOLLIN);
    }
    if (came) endTurn(ready == 0);
  }
  return 1;
}
