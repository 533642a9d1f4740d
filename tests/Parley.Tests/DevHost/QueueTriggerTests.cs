using Microsoft.Extensions.Logging;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.DevHost;

public sealed class QueueTriggerTests : IDisposable
{
    private const string OneAtATime = """{ "batchSize": 1, "newBatchThreshold": 0 }""";
    private const string Quick = """{ "maxPollingInterval": "00:00:00.1" }""";
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly TriggerStage stage = new();

    public void Dispose() => stage.Dispose();

    [Fact]
    public async Task A_message_runs_the_function_with_its_text_and_is_deleted()
    {
        var queue = await TestQueue.CreateAsync("""{"näme":"①"}""");
        using var requests = new QueueRequests(queue.Name);
        await using var listener = queue.Listen(stage, Quick);
        await Eventually.TrueAsync(async () => await queue.CountAsync() == 0);
        await queue.SendAsync("second");
        await Eventually.TrueAsync(async () => await queue.CountAsync() == 0);
        Assert.Equal(["""{"näme":"①"}""", "second"], stage.Began);
        Assert.Empty(stage.Logged);
        // Messages are received with ten minutes of invisibility: after a host is killed, its messages stay hidden that
        // long.
        Assert.Contains(requests.Sent, request => request.StartsWith("GET ", StringComparison.Ordinal)
            && request.Contains("numofmessages=16", StringComparison.Ordinal) && request.Contains("visibilitytimeout=600", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_message_that_is_not_Base64_goes_to_the_poison_queue_as_it_is_and_keeps_no_other_back()
    {
        var queue = await TestQueue.CreateAsync();
        await queue.Client.SendMessageAsync("""{"plain":1}""");
        await queue.SendAsync("encoded");
        await using var listener = queue.Listen(stage, Quick);
        await Eventually.TrueAsync(async () => await queue.CountAsync() == 0);
        Assert.Equal(["encoded"], stage.Began);
        Assert.Equal("""{"plain":1}""", Assert.Single((await queue.Poison.PeekMessagesAsync(32)).Value).MessageText);
        Assert.Contains("it is not Base64", Assert.Single(stage.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_fails_as_often_as_allowed_goes_to_the_poison_queue_and_every_failure_is_logged()
    {
        var queue = await TestQueue.CreateAsync("broken");
        var id = Assert.Single((await queue.Client.PeekMessagesAsync()).Value).MessageId;
        stage.OnRun = (_, _) => throw new NotSupportedException("no");
        await using var listener = queue.Listen(stage, """{ "maxDequeueCount": 3, "maxPollingInterval": "00:00:00.1" }""");
        await Eventually.TrueAsync(async () => await queue.CountAsync() == 0);
        Assert.Equal(["broken", "broken", "broken"], stage.Began);
        Assert.Equal(TestQueue.Base64("broken"), Assert.Single((await queue.Poison.PeekMessagesAsync(32)).Value).MessageText);
        Assert.Equal(
            [.. Enumerable.Range(1, 3).Select(n => $"Function TakesMessages failed on message {id}, try {n} of 3.")],
            stage.Errors);
        Assert.All(stage.Logged.Where(entry => entry.Level == LogLevel.Error), entry => Assert.IsType<NotSupportedException>(entry.Exception));
        Assert.Contains("its last try failed", Assert.Single(stage.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_was_received_too_often_before_is_not_tried_again()
    {
        var queue = await TestQueue.CreateAsync("worn");
        for (var i = 0; i < 3; i++)
        {
            var received = (await queue.Client.ReceiveMessageAsync()).Value;
            await queue.Client.UpdateMessageAsync(received.MessageId, received.PopReceipt, visibilityTimeout: TimeSpan.Zero);
        }

        await using var listener = queue.Listen(stage, """{ "maxDequeueCount": 3 }""");
        await Eventually.TrueAsync(async () => await queue.CountAsync() == 0);
        Assert.Empty(stage.Began);
        Assert.Equal(TestQueue.Base64("worn"), Assert.Single((await queue.Poison.PeekMessagesAsync(32)).Value).MessageText);
    }

    [Fact]
    public async Task A_failed_message_rests_for_the_visibility_timeout()
    {
        var queue = await TestQueue.CreateAsync("later");
        var times = new List<long>();
        stage.OnRun = (_, _) =>
        {
            times.Add(TimeProvider.System.GetTimestamp());
            return times.Count == 1 ? throw new NotSupportedException("first") : Task.CompletedTask;
        };
        await using var listener = queue.Listen(stage, """{ "visibilityTimeout": "00:00:01", "maxPollingInterval": "00:00:00.1" }""");
        await Eventually.TrueAsync(async () => await queue.CountAsync() == 0);
        Assert.Equal(2, times.Count);
        Assert.InRange(TimeProvider.System.GetElapsedTime(times[0], times[1]), TimeSpan.FromSeconds(0.9), Wait.Limit);
    }

    [Fact]
    public async Task A_batch_is_followed_by_the_next_when_few_enough_of_its_messages_are_left()
    {
        var queue = await TestQueue.CreateAsync([.. Enumerable.Range(1, 12).Select(n => $"{n}")]);
        stage.OnRun = stage.WaitAtGateAsync;
        await using var listener = queue.Listen(stage, """{ "batchSize": 4, "newBatchThreshold": 2, "maxPollingInterval": "00:00:00.1" }""");
        await Eventually.TrueAsync(() => stage.Running == 4);
        stage.Gate.Release(2);
        await Eventually.TrueAsync(() => stage.Running == 6);
        stage.Gate.Release(12);
        await Eventually.TrueAsync(async () => await queue.CountAsync() == 0);
        Assert.Equal(12, stage.Began.Distinct().Count());
        Assert.Equal(6, stage.MostAtOnce);
    }

    [Fact]
    public async Task A_message_stays_hidden_while_its_function_runs()
    {
        var queue = await TestQueue.CreateAsync("long");
        var time = new ManualTime(Noon);
        using var requests = new QueueRequests(queue.Name);
        stage.OnRun = stage.WaitAtGateAsync;
        await using var listener = queue.Listen(stage, OneAtATime, time);
        await Eventually.TrueAsync(() => stage.Running == 1);
        for (var renewals = 1; renewals <= 3; renewals++)
        {
            time.Advance(TimeSpan.FromMinutes(5));
            await Eventually.TrueAsync(() => requests.Renewals == renewals);
            // The next renewal is five minutes from here, however long the call took.
            await Eventually.TrueAsync(() => time.NextDue == time.GetUtcNow() + TimeSpan.FromMinutes(5));
        }

        stage.Gate.Release();
        // Deletion needs the receipt of the last renewal.
        await Eventually.TrueAsync(async () => await queue.CountAsync() == 0);
        Assert.Empty(stage.Logged);
        Assert.Single(stage.Began);
    }

    [Fact]
    public async Task A_missing_queue_is_not_created_but_waited_for_with_one_warning_a_minute()
    {
        var queue = await TestQueue.NameAsync();
        using var requests = new QueueRequests(queue.Name);
        await using var listener = queue.Listen(stage, Quick);
        await Eventually.TrueAsync(() => requests.Sent.Count >= 3);
        Assert.False(await queue.Client.ExistsAsync());
        Assert.Equal([$"Queue {queue.Name} gives no messages: it does not exist, and only the app creates it."], stage.Warnings);
        await queue.Client.CreateAsync();
        await queue.SendAsync("at last");
        await Eventually.TrueAsync(() => stage.Ended == 1);
        Assert.Single(stage.Logged);
    }

    [Fact]
    public async Task A_message_that_another_client_deleted_is_skipped()
    {
        var queue = await TestQueue.CreateAsync("stolen");
        stage.OnRun = (_, cancellationToken) => queue.Client.ClearMessagesAsync(cancellationToken);
        await using var listener = queue.Listen(stage, Quick);
        await Eventually.TrueAsync(() => !stage.Logged.IsEmpty);
        Assert.Contains("could not be completed", Assert.Single(stage.Errors), StringComparison.Ordinal);
        Assert.Single(stage.Began);
        Assert.False(await queue.Poison.ExistsAsync());
    }

    [Fact]
    public async Task Stopping_lets_a_running_function_finish_and_takes_no_new_message()
    {
        var queue = await TestQueue.CreateAsync("running");
        stage.OnRun = stage.WaitAtGateAsync;
        var listener = queue.Listen(stage, """{ "batchSize": 1, "newBatchThreshold": 0, "maxPollingInterval": "00:00:00.1" }""");
        await Eventually.TrueAsync(() => stage.Running == 1);
        var stopping = listener.DisposeAsync().AsTask();
        await queue.SendAsync("too late");
        Assert.False(stopping.IsCompleted);
        stage.Gate.Release();
        await stopping.WaitAsync(Wait.Limit);
        Assert.Equal(["running"], stage.Began);
        var left = Assert.Single((await queue.Client.PeekMessagesAsync(32)).Value);
        Assert.Equal((TestQueue.Base64("too late"), 0L), (left.MessageText, left.DequeueCount));
        Assert.Equal(1, await queue.CountAsync());
    }

    [Fact]
    public async Task Renewals_go_on_while_a_stopping_host_waits()
    {
        var queue = await TestQueue.CreateAsync("long");
        var time = new ManualTime(Noon);
        using var requests = new QueueRequests(queue.Name);
        stage.OnRun = stage.WaitAtGateAsync;
        var listener = queue.Listen(stage, OneAtATime, time);
        await Eventually.TrueAsync(() => stage.Running == 1);
        time.Advance(TimeSpan.FromSeconds(295));
        var stopping = listener.DisposeAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(5));
        await Eventually.TrueAsync(() => requests.Renewals == 1);
        stage.Gate.Release();
        await stopping.WaitAsync(Wait.Limit);
        Assert.Equal(0, await queue.CountAsync());
        Assert.Empty(stage.Logged);
    }

    [Fact]
    public async Task After_thirty_seconds_a_stopping_host_cancels_and_the_message_can_be_tried_elsewhere()
    {
        var queue = await TestQueue.CreateAsync("endless");
        var time = new ManualTime(Noon);
        stage.OnRun = (_, cancellationToken) => Task.Delay(Wait.Limit, TimeProvider.System, cancellationToken);
        var listener = queue.Listen(stage, OneAtATime, time);
        await Eventually.TrueAsync(() => stage.Running == 1);
        var stopping = listener.DisposeAsync().AsTask();
        await Eventually.TrueAsync(() => time.NextDue == Noon + TimeSpan.FromSeconds(30));
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(1, stage.Running);
        time.Advance(TimeSpan.FromSeconds(1));
        await stopping.WaitAsync(Wait.Limit);
        Assert.Equal(1, Assert.Single((await queue.Client.PeekMessagesAsync(32)).Value).DequeueCount);
        Assert.IsAssignableFrom<OperationCanceledException>(Assert.Single(stage.Logged).Exception);
    }

    [Fact]
    public async Task A_function_that_ignores_its_cancellation_is_abandoned_and_named()
    {
        var queue = await TestQueue.CreateAsync("deaf");
        var time = new ManualTime(Noon);
        stage.OnRun = stage.WaitAtGateAsync;
        var listener = queue.Listen(stage, OneAtATime, time);
        await Eventually.TrueAsync(() => stage.Running == 1);
        var stopping = listener.DisposeAsync().AsTask();
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return stopping.IsCompleted;
        });
        await stopping;
        Assert.Contains("Function TakesMessages still ran when the host ended.", stage.Errors);
        Assert.Equal(1, await queue.CountAsync());
        stage.Gate.Release();
    }
}
