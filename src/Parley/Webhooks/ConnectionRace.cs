using System.Net;
using System.Net.Sockets;

namespace Parley.Webhooks;

/// <summary>
/// Connects to the first address of a host that accepts, as browsers do (Happy Eyeballs, RFC 8305): a receiver whose
/// IPv6 is broken is reached over IPv4 without a wait for a time-out, and the other way round.
/// </summary>
internal static class ConnectionRace
{
    /// <summary>The time between the starts of two attempts (RFC 8305, section 8, Connection Attempt Delay).</summary>
    public static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>Maximum number of addresses that are tried, so that no name causes more attempts.</summary>
    public const int MaxAddresses = 8;

    private const ConfigureAwaitOptions WithoutThrowing =
        ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext;

    /// <summary>
    /// The addresses in the order of the attempts, at most <see cref="MaxAddresses"/>: IPv6 and IPv4 in turn, IPv6
    /// first; within a family as the resolver sorted them (RFC 8305, section 4).
    /// </summary>
    public static IReadOnlyList<IPAddress> Order(IEnumerable<IPAddress> addresses) =>
    [
        .. addresses
            .Distinct()
            .GroupBy(address => address.AddressFamily == AddressFamily.InterNetworkV6)
            .SelectMany(family => family.Select((address, place) => (address, place, IsSecond: !family.Key)))
            .OrderBy(one => (one.place, one.IsSecond))
            .Select(one => one.address)
            .Take(MaxAddresses),
    ];

    /// <summary>
    /// Starts an attempt for each address: <see cref="AttemptDelay"/> after the one before it, or at once when that one
    /// failed. The first connection is returned; the other attempts are cancelled, and have ended by then.
    /// </summary>
    /// <param name="addresses">The addresses, from <see cref="Order"/>; at least one.</param>
    /// <param name="connect">Makes one attempt. Its token is cancelled when the attempt is no longer needed.</param>
    /// <param name="time">Measures the delay.</param>
    /// <param name="cancellation">Ends all attempts.</param>
    /// <exception cref="SocketException">Every attempt failed; the exception is that of the last address.</exception>
    public static async Task<T> RunAsync<T>(
        IReadOnlyList<IPAddress> addresses,
        Func<IPAddress, CancellationToken, Task<T>> connect,
        TimeProvider time,
        CancellationToken cancellation)
        where T : IDisposable
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var winner = new TaskCompletionSource<T>();
        var attempts = new List<Task>();
        foreach (var address in addresses)
        {
            attempts.Add(AttemptAsync(address));
            if (attempts.Count < addresses.Count)
            {
                await attempts[^1].WaitAsync(AttemptDelay, time, ended.Token).ConfigureAwait(WithoutThrowing);
            }

            if (ended.IsCancellationRequested)
            {
                break;
            }
        }

        foreach (var attempt in attempts)
        {
            await attempt.ConfigureAwait(WithoutThrowing);
        }

        if (!winner.Task.IsCompleted)
        {
            cancellation.ThrowIfCancellationRequested();
            await attempts[^1];
        }

        return await winner.Task;

        async Task AttemptAsync(IPAddress address)
        {
            var connection = await connect(address, ended.Token);
            if (winner.TrySetResult(connection))
            {
                ended.Cancel();
            }
            else
            {
                // Another address was faster, and this attempt succeeded before it was cancelled.
                connection.Dispose();
            }
        }
    }
}
