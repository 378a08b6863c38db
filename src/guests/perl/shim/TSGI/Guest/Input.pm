# psgi.input of a body that is pulled from TSGI piece by piece, and psgi.errors: both behave as file handles, also for Perl's own functions.
package TSGI::Guest::Input;
use strict;
use warnings;

# Without READ, which is also the name of a method of tied handles.
use TSGI::Guest::Wire qw(BODY END_FLAG GONE PIECE_BYTES);

# The body of the request that the lane is at.
sub TIEHANDLE {
    my ($class, $lane) = @_;
    return bless { lane => $lane, id => $lane->{current}, piece => '', is_over => 0 }, $class;
}

sub READ {
    my ($self, undef, $wanted, $offset) = @_;
    $offset //= 0;
    $_[1] //= '';
    while (length $self->{piece} < $wanted && !$self->{is_over}) {
        $self->pull($wanted - length $self->{piece});
    }
    my $data = substr $self->{piece}, 0, $wanted, '';
    # As of any handle: what was behind the offset is replaced, what is missing before it is filled up.
    $offset += length $_[1] if $offset < 0;
    $_[1] .= "\0" x ($offset - length $_[1]) if $offset > length $_[1];
    substr $_[1], $offset, length($_[1]) - $offset, $data;
    return length $data;
}

sub READLINE {
    my ($self) = @_;
    return $self->line if !wantarray;
    my @lines;
    while (defined(my $line = $self->line)) { push @lines, $line }
    return @lines;
}

# One line, or what `$/` makes of it.
sub line {
    my ($self) = @_;
    my $end = $/;
    if (ref $end) {
        my $block;
        return $self->READ($block, $$end) ? $block : undef;
    }
    my $separator = !defined $end ? undef : $end eq '' ? "\n\n" : $end;
    my $at = -1;
    until ($self->{is_over} || defined $separator && ($at = index $self->{piece}, $separator) >= 0) { $self->pull(PIECE_BYTES) }
    $at = index $self->{piece}, $separator if defined $separator && $at < 0;
    my $length = $at < 0 ? length $self->{piece} : $at + length $separator;
    return $length == 0 ? undef : substr $self->{piece}, 0, $length, '';
}

sub GETC {
    my ($self) = @_;
    my $byte;
    return $self->READ($byte, 1) ? $byte : undef;
}

sub EOF {
    my ($self) = @_;
    $self->pull(PIECE_BYTES) if $self->{piece} eq '' && !$self->{is_over};
    return $self->{piece} eq '' && $self->{is_over};
}

sub BINMODE { return 1 }
sub CLOSE   { return 1 }

# There is no descriptor: nobody can read the body past this handle.
sub FILENO { return undef }

# Asks TSGI for some bytes.
sub pull {
    my ($self, $wanted) = @_;
    my $lane = $self->{lane};
    die "This input belongs to a request that is over\n" if $lane->{current} != $self->{id};
    $wanted = PIECE_BYTES if $wanted > PIECE_BYTES;
    $wanted = 8192        if $wanted < 8192;
    $lane->send_frame(TSGI::Guest::Wire::READ, '', pack('V', $wanted), 0, 0);
    my (undef, $piece, undef, $flags) = $lane->wait_for(0, BODY);
    $self->{is_over} = 1 if $flags & (END_FLAG | GONE);
    die TSGI::Guest::ClientGone->new if $flags & GONE;
    $self->{piece} .= $piece;
    return;
}

package TSGI::Guest::ClientGone;

# The client left before its request was complete.
sub new {
    my ($class) = @_;
    return bless {}, $class;
}

package TSGI::Guest::Errors;

# Text goes to the error log, under the request that the lane is at.
sub TIEHANDLE {
    my ($class, $lane) = @_;
    return bless { lane => $lane }, $class;
}

sub PRINT {
    my ($self, @texts) = @_;
    my $text = join defined $, ? $, : '', map { defined $_ ? $_ : '' } @texts;
    $text .= $\ if defined $\;
    $self->{lane}->log($text);
    return 1;
}

sub PRINTF {
    my ($self, $format, @values) = @_;
    $self->{lane}->log(sprintf $format, @values);
    return 1;
}

sub WRITE {
    my ($self, $text, $length, $offset) = @_;
    $text = substr $text, $offset || 0, defined $length ? $length : length $text;
    $self->{lane}->log($text);
    return length $text;
}

sub BINMODE { return 1 }
sub CLOSE   { return 1 }
sub FILENO  { return 2 }

package TSGI::Guest::Handle;

# A handle as its methods are called, without IO::Handle, which would have to be loaded. What it does is another class's.
use Symbol ();

sub new {
    my ($class, $behaviour, $lane) = @_;
    my $handle = Symbol::gensym();
    tie *$handle, $behaviour, $lane;
    return bless $handle, $class;
}

sub print   { my $self = shift; return print {$self} @_ }
sub printf  { my ($self, $format, @values) = @_; return printf {$self} $format, @values }
sub say     { my $self = shift; local $\ = "\n"; return print {$self} @_ }
sub write   { my $self = shift; return tied(*$self)->WRITE(@_) }
sub read    { return read($_[0], $_[1], $_[2], $_[3] || 0) }
sub getline { my ($self) = @_; return scalar readline $self }
sub getlines { my ($self) = @_; return readline $self }
sub getc      { my ($self) = @_; return getc $self }
sub eof       { my ($self) = @_; return eof $self }
sub binmode   { return 1 }
sub autoflush { return 1 }
sub flush     { return 1 }
sub close     { return 1 }
sub opened    { return 1 }
sub fileno    { my ($self) = @_; return fileno $self }

1;
