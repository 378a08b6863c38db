# This process's part of the status file: what it has started, and what nobody wants any more. Source: docs/lane-protocol.md.
package TSGI::Guest::StatusFile;
use strict;
use warnings;

use Fcntl qw(O_RDWR SEEK_SET);

use constant WORD => 4;

# Opens the file of `slots` lanes. After a fork, because two processes with one descriptor would move each other's position.
sub new {
    my ($class, $path, $slots) = @_;
    sysopen(my $file, $path, O_RDWR) or die "Cannot open the status file $path: $!\n";
    return bless { file => $file, slots => $slots, started => 0, aborted => 0 }, $class;
}

# Takes the places of a lane, and says that it has started nothing.
sub take {
    my ($self, $slot) = @_;
    $self->{started} = $slot * WORD;
    $self->{aborted} = ($self->{slots} + $slot) * WORD;
    $self->start(0);
    return;
}

# Says that a request is begun, before anything is done for it.
sub start {
    my ($self, $id) = @_;
    sysseek($self->{file}, $self->{started}, SEEK_SET);
    syswrite($self->{file}, pack('L', $id)) == WORD or die "Cannot write to the status file: $!\n";
    return;
}

# Whether nobody wants the answer of a request any more.
sub is_unwanted {
    my ($self, $id) = @_;
    sysseek($self->{file}, $self->{aborted}, SEEK_SET);
    my $count = sysread $self->{file}, my $word, WORD;
    return defined $count && $count == WORD && unpack('L', $word) == $id;
}

1;
