# The handle under psgix.io: it becomes a socket when it is used, and not before.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/..";
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC);
use Test::More;
use TSGI::Guest::Connection;

# A handle, its other end, and how often it was opened.
sub handle {
    my $opened = 0;
    socketpair(my $socket, my $other, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "Cannot make sockets: $!";
    my $handle = TSGI::Guest::Connection->new(sub { $opened += 1; return $socket });
    return ($handle, $other, \$opened);
}

my %first_uses = (
    'syswrite'  => sub { syswrite $_[0], 'hello' },
    'print'     => sub { print { $_[0] } 'hel', 'lo' },
    'printf'    => sub { printf { $_[0] } '%s%s', 'hel', 'lo' },
    'a method'  => sub { $_[0]->syswrite('hello') },
    'fileno'    => sub { ok(fileno $_[0] >= 0, 'it has a descriptor'); syswrite $_[0], 'hello' },
    'blocking'  => sub { $_[0]->blocking(0); syswrite $_[0], 'hello' },
    'shutdown'  => sub { syswrite $_[0], 'hello'; $_[0]->shutdown(1) },
    'sockopt'   => sub { ok(defined $_[0]->sockopt(Socket::SO_TYPE()), 'it has options'); syswrite $_[0], 'hello' },
);

for my $name (sort keys %first_uses) {
    my ($handle, $other, $opened) = handle();
    my %copy = (io => $handle);
    ok($copy{io} && "$copy{io}" && ref $copy{io} && defined *$handle, "$name: to look at it opens nothing");
    is($$opened, 0);
    $first_uses{$name}->($handle);
    sysread $other, my $heard, 5;
    is($heard, 'hello', "$name opens it");
    syswrite $other, "answer\n";
    is(sysread($handle, my $answer, 100), 7, 'what is there is read');
    is($$opened, 1, 'it is opened once');
    close $handle;
    is(sysread($other, $heard, 1), 0, 'it can be closed');
}

{
    my ($handle, $other) = handle();
    syswrite $other, "one\ntwo\n";
    is(scalar readline $handle, "one\n", 'lines are read');
    is(scalar readline $handle, "two\n");
}

{
    my ($handle, $other) = handle();
    syswrite $other, 'ab';
    is(sysread($handle, my $data = 'x', 10, 1), 2, 'sysread gives what is there');
    is($data, 'xab');
}

{
    my ($handle, $other, $opened) = handle();
    undef $handle;
    is($$opened, 0, 'what is not used is not opened');
    my $count   = 0;
    my $refused = TSGI::Guest::Connection->new(sub { $count += 1; die "No\n" });
    for (1, 2) {
        ok(!eval { syswrite $refused, 'x'; 1 }, 'what cannot be opened says so');
        is($@, "No\n");
    }
    is($count, 2, 'each time');
}

done_testing;
