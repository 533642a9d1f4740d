using System.Net;
using System.Net.Sockets;
using Parley.Testing;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Webhooks;

/// <summary>Attempts to connect to several addresses (RFC 8305), in virtual time.</summary>
public class ConnectionRaceTests
{
    private const int Delay = 250;
    private const int Never = int.MaxValue;

    [Theory]
    [InlineData("192.0.2.1 2001:db8::1", "2001:db8::1 192.0.2.1")]
    [InlineData("192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2", "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2")]
    [InlineData("2001:db8::3 2001:db8::1 2001:db8::2 192.0.2.9", "2001:db8::3 192.0.2.9 2001:db8::1 2001:db8::2")]
    [InlineData("192.0.2.2 192.0.2.1", "192.0.2.2 192.0.2.1")]
    [InlineData("2001:db8::2 2001:db8::1", "2001:db8::2 2001:db8::1")]
    [InlineData("192.0.2.1 192.0.2.1 2001:db8::1 2001:db8::1", "2001:db8::1 192.0.2.1")]
    public void The_families_are_tried_in_turn(string resolved, string order) =>
        Assert.Equal(order, string.Join(' ', ConnectionRace.Order(resolved.Split(' ').Select(IPAddress.Parse))));

    [Fact]
    public void Eight_addresses_are_tried_of_both_families()
    {
        var many = Enumerable.Range(1, 50).Select(i => $"192.0.2.{i} 2001:db8::{i}").SelectMany(pair => pair.Split(' '));
        var order = ConnectionRace.Order(many.Select(IPAddress.Parse));

        Assert.Equal(8, order.Count);
        Assert.Equal(4, order.Count(address => address.AddressFamily == AddressFamily.InterNetworkV6));
    }

    [Fact]
    public async Task A_hanging_address_delays_the_next_by_250_ms()
    {
        var race = await RunAsync([(Never, true), (10, true), (0, true)]);

        Assert.Equal((1, 260), (race.Winner, race.EndedAt));
        Assert.Equal([0, 250], race.Starts);
        Assert.Equal([0], race.Cancelled);
    }

    [Fact]
    public async Task A_refused_connection_starts_the_next_attempt_at_once()
    {
        var race = await RunAsync([(3, false), (4, false), (5, true)]);

        Assert.Equal((2, 12), (race.Winner, race.EndedAt));
        Assert.Equal([0, 3, 7], race.Starts);
    }

    [Fact]
    public async Task An_earlier_attempt_may_still_win()
    {
        var race = await RunAsync([(300, true), (200, true)]);

        Assert.Equal((0, 300), (race.Winner, race.EndedAt));
        Assert.Equal([1], race.Cancelled);
    }

    [Fact]
    public async Task The_last_failure_ends_the_race()
    {
        var race = await RunAsync([(600, false), (1, false), (1, false)]);

        Assert.Equal((-1, 600), (race.Winner, race.EndedAt));
        Assert.Equal([0, 250, 251], race.Starts);
    }

    [Fact]
    public async Task Without_an_answer_the_race_lasts_until_it_is_cancelled()
    {
        var race = await RunAsync([(Never, true), (Never, true)], limit: 10_000);

        Assert.Equal((-2, 10_000), (race.Winner, race.EndedAt));
        Assert.Equal([0, 1], race.Cancelled.Order());
    }

    [Fact]
    public async Task A_connection_that_is_made_too_late_is_closed()
    {
        // The first attempt does not notice its cancellation.
        var race = await RunAsync([(300, true), (10, true)], deaf: 0);

        Assert.Equal((1, 300), (race.Winner, race.EndedAt));
        Assert.Equal((2, 1), (race.Made, race.Closed));
    }

    /// <summary>Every kind of attempt in every order, against a calculation of the same race.</summary>
    [Fact]
    public async Task Races_end_as_calculated()
    {
        var random = new Random(8305);
        for (var i = 0; i < 400; i++)
        {
            var attempts = Enumerable.Range(0, random.Next(1, 9))
                .Select(_ => (random.Next(5) == 0 ? Never : random.Next(1, 1000), random.Next(3) == 0))
                .ToList();
            var expected = Calculate(attempts, limit: 10_001);
            var race = await RunAsync(attempts, limit: 10_001);

            Assert.Equal(expected.Starts, race.Starts);
            Assert.Equal((expected.Winner, expected.EndedAt), (race.Winner, race.EndedAt));
            Assert.Equal(race.Made - (race.Winner >= 0 ? 1 : 0), race.Closed);
        }
    }

    /// <summary>Moves a clock by one millisecond at a time, without tasks or timers.</summary>
    private static (int Winner, int EndedAt, List<int> Starts) Calculate(List<(int Time, bool Accepts)> attempts, int limit)
    {
        var starts = new List<int> { 0 };
        var failed = new HashSet<int>();
        for (var now = 0; now < limit; now++)
        {
            for (var i = 0; i < starts.Count; i++)
            {
                if (attempts[i].Time == Never || starts[i] + attempts[i].Time != now)
                {
                    continue;
                }

                if (attempts[i].Accepts)
                {
                    return (i, now, starts);
                }

                failed.Add(i);
                if (failed.Count == attempts.Count)
                {
                    return (-1, now, starts);
                }
            }

            var isNext = failed.Contains(starts.Count - 1) || now - starts[^1] == Delay;
            if (isNext && starts.Count < attempts.Count)
            {
                starts.Add(now);
            }
        }

        return (-2, limit, starts);
    }

    private static async Task<Race> RunAsync(
        List<(int Time, bool Accepts)> attempts, int limit = 60_000, int? deaf = null)
    {
        var race = new Race();
        await Interleaving.RunAsync(1, async run =>
        {
            var began = run.Time.GetTimestamp();
            int Now() => (int)run.Time.GetElapsedTime(began).TotalMilliseconds;
            async Task<Connection> ConnectAsync(IPAddress address, CancellationToken lost)
            {
                var place = address.GetAddressBytes()[^1];
                race.Starts.Add(Now());
                try
                {
                    var wait = attempts[place].Time == Never ? -1 : attempts[place].Time;
                    await Task.Delay(TimeSpan.FromMilliseconds(wait), run.Time, place == deaf ? default : lost);
                }
                catch (OperationCanceledException)
                {
                    race.Cancelled.Add(place);
                    throw;
                }

                race.Made += attempts[place].Accepts ? 1 : 0;
                return attempts[place].Accepts
                    ? new Connection(race, place)
                    : throw new SocketException((int)SocketError.ConnectionRefused);
            }

            using var late = new CancellationTokenSource(TimeSpan.FromMilliseconds(limit), run.Time);
            var addresses = Enumerable.Range(0, attempts.Count).Select(i => IPAddress.Parse($"192.0.2.{i}")).ToList();
            try
            {
                race.Winner = (await ConnectionRace.RunAsync(addresses, ConnectAsync, run.Time, late.Token)).Place;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                race.Winner = e is SocketException ? -1 : -2;
            }

            race.EndedAt = Now();
        });
        return race;
    }

    /// <summary>The course of a race. The winner is -1 when all failed, and -2 when none ended in time.</summary>
    private sealed class Race
    {
        public int Winner { get; set; }

        public int EndedAt { get; set; }

        public int Made { get; set; }

        public int Closed { get; set; }

        public List<int> Starts { get; } = [];

        public List<int> Cancelled { get; } = [];
    }

    private sealed class Connection(Race race, int place) : IDisposable
    {
        public int Place => place;

        public void Dispose() => race.Closed++;
    }
}
