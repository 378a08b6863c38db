// The hello of the benchmarks as a CGI program.
#include <unistd.h>

static const char answer[] = "Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";

int main(void) {
  return write(1, answer, sizeof answer - 1) == sizeof answer - 1 ? 0 : 1;
}
