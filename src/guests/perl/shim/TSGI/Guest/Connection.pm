# psgix.io: the connection of a request whose client offers another protocol. It is a handle that becomes a socket with its first use; from then on
# the application answers on it, in the words of HTTP/1.1. Source: PSGI::Extensions; docs/lane-protocol.md, "Connections of their own".
package TSGI::Guest::Connection;
use strict;
use warnings;

use IO::Socket::UNIX ();
use Symbol ();

our @ISA = ('IO::Socket::UNIX');

# For a request; `open` opens the socket, or dies.
sub new {
    my ($class, $open) = @_;
    my $handle = bless Symbol::gensym(), $class;
    tie *$handle, 'TSGI::Guest::Connection::Unused', $handle, $open;
    return $handle;
}

# What handles cannot tell those who look at them before their first use.
for my $name (qw(blocking getsockopt setsockopt sockopt peername sockname getpeername shutdown atmark fcntl ioctl timeout)) {
    no strict 'refs';
    my $method = IO::Socket::UNIX->can($name) or next;
    *$name = sub { used($_[0]); goto &$method };
}

# Makes a handle what it stands for.
sub used {
    my ($handle) = @_;
    my $unused = tied *$handle;
    $unused->become if $unused;
    return $handle;
}

# Gives up a connection whose application has failed.
sub hang_up {
    my ($handle) = @_;
    CORE::close $handle;
    return;
}

package TSGI::Guest::Connection::Unused;

use Scalar::Util qw(weaken);

sub TIEHANDLE {
    my ($class, $handle, $open) = @_;
    my $self = bless { handle => $handle, open => $open }, $class;
    weaken $self->{handle};
    return $self;
}

# The socket takes the place of this in the handle.
sub become {
    my ($self) = @_;
    my $handle = $self->{handle};
    my $socket = $self->{open}->();
    no warnings 'redefine';
    *$handle = *{$socket}{IO};
    return $handle;
}

sub WRITE {
    my ($self, undef, $length, $offset) = @_;
    return syswrite $self->become, $_[1], defined $length ? $length : length $_[1], $offset || 0;
}

# Unlike `read`, `sysread` gives what is there. The two look the same from here, and who speaks another protocol calls the latter.
sub READ {
    my ($self, undef, $length, $offset) = @_;
    return sysread $self->become, $_[1], $length, $offset || 0;
}

sub PRINT {
    my ($self, @texts) = @_;
    my $handle = $self->become;
    $handle->autoflush(1);
    return print {$handle} @texts;
}

sub PRINTF {
    my ($self, $format, @values) = @_;
    return $self->PRINT(sprintf $format, @values);
}

sub READLINE { my $handle = $_[0]->become; return readline $handle }
sub GETC     { my $handle = $_[0]->become; return getc $handle }
sub FILENO   { return fileno $_[0]->become }
sub EOF      { my $handle = $_[0]->become; return eof $handle }
sub BINMODE  { return 1 }
sub CLOSE    { return close $_[0]->become }

1;
