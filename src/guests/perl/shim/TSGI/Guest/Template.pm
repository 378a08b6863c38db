# The process with a preloaded application, from which those that serve are forked.
package TSGI::Guest::Template;
use strict;
use warnings;

use POSIX qw(WNOHANG);
use TSGI::Guest::Wire;

# Forks at each request of TSGI. True in each child; false in the template, when it is told to stop.
sub fork_children {
    my ($process) = @_;
    my $control = $process->{control};
    $process->tell_ready;
    local $SIG{CHLD} = sub { };
    while (1) {
        while (my ($type, $message) = $control->next_message) {
            return 0 if $type == STOP;
            $control->tell(MODULES, $process->files) if $type == LIST_MODULES;
            next if $type != FORK;
            my $pid = fork;
            die "Cannot fork: $!\n" if !defined $pid;
            next if $pid != 0;
            become_child($process, $message->{process});
            return 1;
        }
        my $bits = '';
        vec($bits, fileno $control->{socket}, 1) = 1;
        # A child may end just before the wait: it is seen a second later.
        my $count = select $bits, undef, undef, 1;
        reap($control);
        $control->receive if $count > 0;
    }
    return;
}

sub become_child {
    my ($process, $number) = @_;
    $process->{process} = $number;
    $process->{control}->open($number, $process->{signal});
    # Otherwise all children would draw the same numbers.
    srand;
    return;
}

# Tells which children have ended.
sub reap {
    my ($control) = @_;
    while ((my $pid = waitpid -1, WNOHANG) > 0) {
        my $status = $? & 127 ? -($? & 127) : $? >> 8;
        $control->tell(EXITED, { pid => $pid + 0, status => $status });
    }
    return;
}

1;
