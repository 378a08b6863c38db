# Starts programs for a worker: a process of a few megabytes forks in a fraction of the time that a large worker needs. It passes names
# and values on as bytes. What it reads and writes: src/guests/cgi/spawner-frames.ts. It ends, and ends its programs, when the worker has gone.
use strict;
use warnings;
use Fcntl qw(O_RDONLY O_WRONLY O_RDWR O_NONBLOCK F_GETFL F_SETFL);
use POSIX ();

my ($directory) = @ARGV;
my %id_of;    # by process id
my ($made_outputs, $made_inputs) = (0, 0);
my $input = '';

# What the worker was given beyond its streams is no program's business.
if (opendir my $descriptors, '/dev/fd') {
    my @open = grep { /^\d+$/ && $_ > 2 } readdir $descriptors;
    closedir $descriptors;
    POSIX::close($_) for @open;
}
$SIG{PIPE} = 'IGNORE';
$SIG{$_} = 'IGNORE' for qw(INT HUP TERM);    # meant for the worker, which may still need it
pipe(my $woken, my $waker) or die "pipe: $!";
fcntl($_, F_SETFL, fcntl($_, F_GETFL, 0) | O_NONBLOCK) for $woken, $waker;
$SIG{CHLD} = sub { local $!; syswrite $waker, 'x' };

sub say_line { my $line = join(' ', @_) . "\n"; syswrite(STDOUT, $line) // finish() }

sub make {
    my ($outputs, $inputs) = @_;
    my @wanted;
    for (; $made_outputs < $outputs ; $made_outputs += 1) { push @wanted, "${made_outputs}o", "${made_outputs}e" }
    for (; $made_inputs < $inputs ; $made_inputs += 1) { push @wanted, "${made_inputs}i" }
    POSIX::mkfifo("$directory/$_", 0600) or die "mkfifo: $!" for @wanted;
    say_line('have', $made_outputs, $made_inputs);
}

# Never waits: the other end of a named pipe may have gone with its worker.
sub open_pipe {
    my ($path, $mode) = @_;
    sysopen(my $both, $path, O_RDWR) or return;
    sysopen(my $one, $path, $mode) or return;
    return $one;
}

sub start {
    my ($id, $outputs, $source, $cwd, $program, $count, @rest) = @_;
    my @arguments = splice(@rest, 0, $count);
    my $in  = open_pipe($source eq '' ? '/dev/null' : "$directory/${source}i", O_RDONLY);
    my $out = open_pipe("$directory/${outputs}o", O_WRONLY);
    my $err = open_pipe("$directory/${outputs}e", O_WRONLY);
    pipe(my $reason, my $failure) or return say_line('failed', $id, $! + 0);    # closed by a successful exec
    return say_line('failed', $id, $! + 0) unless $in && $out && $err;
    %ENV = map { split /=/, $_, 2 } @rest;    # before the fork: what a child writes to, it copies first
    my $pid = fork;
    return say_line('failed', $id, $! + 0) unless defined $pid;
    if ($pid == 0) {
        $SIG{$_} = 'DEFAULT' for qw(PIPE INT HUP TERM CHLD);
        POSIX::setsid();
        POSIX::dup2(fileno $in,  0);
        POSIX::dup2(fileno $out, 1);
        POSIX::dup2(fileno $err, 2);
        if (chdir $cwd) {
            no warnings 'exec';
            exec { $program } $program, @arguments;
        }
        syswrite $failure, $! + 0;
        POSIX::_exit(127);
    }
    close $failure;
    my $errno = '';
    sysread $reason, $errno, 16;
    if ($errno ne '') {
        waitpid $pid, 0;
        return say_line('failed', $id, $errno);
    }
    $id_of{$pid} = $id;
    say_line('pid', $id, $pid);
}

sub reap {
    while ((my $pid = waitpid -1, POSIX::WNOHANG()) > 0) {
        my $id = delete $id_of{$pid} // next;
        say_line('exit', $id, $? >> 8, $? & 127);
    }
}

sub finish {
    for my $signal (qw(TERM KILL)) {
        kill $signal, map { -$_ } keys %id_of;
        for (1 .. 30) {
            while ((my $pid = waitpid -1, POSIX::WNOHANG()) > 0) { delete $id_of{$pid} }
            last unless %id_of;
            select undef, undef, undef, 0.1;
        }
    }
    if (opendir my $names, $directory) {
        unlink map { "$directory/$_" } grep { !/^\./ } readdir $names;
    }
    rmdir $directory;
    POSIX::_exit(0);
}

make(32, 32);
while (1) {
    my $readable = '';
    vec($readable, fileno($_), 1) = 1 for *STDIN, $woken;
    next if select($readable, undef, undef, undef) < 0;
    if (vec($readable, fileno($woken), 1)) {
        sysread $woken, my $bytes, 4096;
        reap();
    }
    next unless vec($readable, fileno(STDIN), 1);
    sysread(STDIN, $input, 65536, length $input) or finish();
    while (length $input >= 4 && length $input >= 4 + (my $length = unpack 'N', $input)) {
        my ($verb, @fields) = split /\0/, substr($input, 4, $length), -1;
        substr($input, 0, 4 + $length) = '';
        $verb eq 'make' ? make(@fields) : start(@fields);
    }
}
