# This process's part of the status file: what it has started, what nobody wants any more, the answers that it keeps back, and what it must
# not start. Source: docs/lane-protocol.md, "The status file".
package TSGI::Guest::StatusFile;
use strict;
use warnings;

use Config ();
use Fcntl qw(O_RDWR SEEK_SET);

use constant {
    WORD => 4,
    # Up to here the kernel writes all or nothing, within one page, even if the process is killed.
    PAGE => 4096,
    # Of mmap(2).
    PROT_READ_WRITE => 3,
    MAP_SHARED      => 1,
};

# The numbers of two system calls, by the names that Perl has for processors. Perl has no function for them: without, there are two calls
# in place of one.
my %CALLS = ('x86_64-linux' => { pwrite => 18, mmap => 9 }, 'aarch64-linux' => { pwrite => 68, mmap => 222 });

# Opens the file of `slots` lanes, with so many bytes for the answers of each. After a fork, because two processes with one descriptor would
# move each other's position.
sub new {
    my ($class, $path, $slots, $answer_bytes) = @_;
    sysopen(my $file, $path, O_RDWR) or die "Cannot open the status file $path: $!\n";
    my ($processor) = $Config::Config{archname} =~ /\A(\w+-linux)/;
    my $calls = defined $processor && $Config::Config{ptrsize} == 8 ? $CALLS{$processor} : undef;
    my $self = bless { file => $file, number => fileno $file, slots => $slots, answer_bytes => $answer_bytes, pwrite => $calls ? $calls->{pwrite} : 0 }, $class;
    $self->map_file($calls->{mmap}) if $calls;
    return $self;
}

# Maps the file to read from it without a call, and to write to it where this Perl has what can do that.
sub map_file {
    my ($self, $call) = @_;
    my $bytes   = $self->{slots} * (3 * WORD + $self->{answer_bytes});
    my $address = eval { syscall($call, 0, $bytes, PROT_READ_WRITE, MAP_SHARED, $self->{number}, 0) };
    return if !defined $address || $address <= 0;
    $self->{address} = $address;
    $self->{memory}  = pack 'J', $address if eval { require IPC::SysV; defined &IPC::SysV::memwrite };
    return;
}

# Whether it writes without a call.
sub is_mapped {
    my ($self) = @_;
    return defined $self->{memory};
}

# Takes the places of a lane, and says that it has started nothing.
sub take {
    my ($self, $slot) = @_;
    my ($slots, $bytes) = @$self{qw(slots answer_bytes)};
    $self->{started}  = $slot * WORD;
    $self->{aborted}  = ($slots + $slot) * WORD;
    $self->{kept}     = 2 * $slots * WORD + $slot * $bytes;
    $self->{recalled} = $slots * (2 * WORD + $bytes) + $slot * WORD;
    $self->{room}     = $bytes - WORD;
    # How far the answers go whose number can be written together with them.
    $self->{whole}   = PAGE - $self->{kept} % PAGE - WORD;
    $self->{answers} = '';
    $self->{used}    = 0;
    # Pointers for unpack.
    $self->{"at_$_"} = defined $self->{address} ? pack('J', $self->{address} + $self->{$_}) : undef for qw(aborted recalled);
    $self->put($self->{$_}, pack 'L', 0) for qw(started recalled kept);
    return;
}

# A function that says that a request is begun, before anything is done for it. It returns the last request that is not to be started, 0 for
# none. Each request calls it once, so what it needs is looked up here.
sub starter {
    my ($self) = @_;
    my ($memory, $started, $recalled) = @$self{qw(memory started at_recalled)};
    return sub {
        IPC::SysV::memwrite($memory, pack('L', $_[0]), $started, WORD);
        return unpack 'L', unpack 'P4', $recalled;
    } if defined $memory;
    return sub {
        $self->put($started, pack 'L', $_[0]);
        return defined $recalled ? unpack 'L', unpack 'P4', $recalled : $self->get('recalled');
    };
}

# Whether nobody wants the answer of a request any more.
sub is_unwanted {
    my ($self, $id) = @_;
    return $id == (defined $self->{at_aborted} ? unpack 'L', unpack 'P4', $self->{at_aborted} : $self->get('aborted'));
}

# Keeps a finished answer, as whole frames; false where there is no room. Until the number of all bytes is written, there is no answer.
sub keep {
    my ($self, $frame) = @_;
    my ($used, $length) = ($self->{used}, length $frame);
    my $all = $used + $length;
    return 0 if $all > $self->{room};
    $self->{used} = $all;
    if (defined $self->{memory}) {
        IPC::SysV::memwrite($self->{memory}, $frame, $self->{kept} + WORD + $used, $length);
        IPC::SysV::memwrite($self->{memory}, pack('L', $all), $self->{kept}, WORD);
        return 1;
    }
    $self->{answers} .= $frame;
    if ($all <= $self->{whole}) {
        $self->put($self->{kept}, pack('L', $all) . $self->{answers});
    }
    else {
        $self->put($self->{kept} + WORD + $used, $frame);
        $self->put($self->{kept}, pack 'L', $all);
    }
    return 1;
}

# What was kept has been sent.
sub forget {
    my ($self) = @_;
    return if !$self->{used};
    $self->{used}    = 0;
    $self->{answers} = '';
    $self->put($self->{kept}, pack 'L', 0);
    return;
}

sub put {
    my ($self, $position, $bytes) = @_;
    my $length = length $bytes;
    if (defined $self->{memory}) {
        IPC::SysV::memwrite($self->{memory}, $bytes, $position, $length);
        return;
    }
    return if $self->{pwrite} && syscall($self->{pwrite}, $self->{number}, $bytes, $length, $position) == $length;
    sysseek($self->{file}, $position, SEEK_SET);
    syswrite($self->{file}, $bytes) == $length or die "Cannot write to the status file: $!\n";
    return;
}

sub get {
    my ($self, $what) = @_;
    sysseek($self->{file}, $self->{$what}, SEEK_SET);
    my $count = sysread $self->{file}, my $word, WORD;
    return defined $count && $count == WORD ? unpack 'L', $word : 0;
}

1;
