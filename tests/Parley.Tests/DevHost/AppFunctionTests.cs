using Azure.Storage.Queues.Models;
using Parley.DevHost.Common;
using Parley.DevHost.Settings;
using Parley.DevHost.Worker;
using Parley.DevHost.Worker.Messages;
using Xunit;

namespace Parley.Tests.DevHost;

public sealed class AppFunctionTests
{
    [Fact]
    public void A_function_is_read_from_the_description_of_its_worker()
    {
        var function = AppFunction.Read(Metadata(
            """{"name":"request","type":"httpTrigger","direction":"In","authLevel":"Anonymous","methods":["get","post"],"route":"v1/{id}","properties":{}}""",
            """{"name":"$return","type":"http","direction":"Out"}"""));
        Assert.Equal(("Some", "7", "request", "v1/{id}", "Anonymous"), (function.Name, function.Id, function.Trigger.Name, function.Trigger.Route, function.Trigger.AuthLevel));
        Assert.Equal(["get", "post"], function.Trigger.Methods!);
        Assert.True(function.Trigger.IsHttp);
    }

    [Fact]
    public void A_load_request_has_the_bindings_as_the_worker_reads_them_and_the_rest_unchanged()
    {
        // Field 16, which this host does not know, must be returned too.
        byte[] properties = [0x82, 0x01, 0x06, 0x0A, 0x01, (byte)'k', 0x12, 0x01, (byte)'v'];
        var described = RpcFunctionMetadata.Parser.ParseFrom(
            [.. Google.Protobuf.MessageExtensions.ToByteArray(Metadata("""{"name":"message","type":"queueTrigger","direction":"In","queueName":"q"}""")), .. properties]);
        var request = AppFunction.LoadRequest(described);
        Assert.Equal("7", request.FunctionId);
        Assert.Equal("queueTrigger", request.Metadata.Bindings["message"].Type);
        Assert.Contains("\u0082\u0001\u0006", string.Concat(Google.Protobuf.MessageExtensions.ToByteArray(request.Metadata).Select(b => (char)b)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"e","type":"eventGridTrigger"}""", null, "Function Some: its triggers are [eventGridTrigger]")]
    [InlineData("""{"name":"b","type":"blob"}""", null, "Function Some: its triggers are []")]
    [InlineData("""{"name":"a","type":"queueTrigger"}""", """{"name":"b","type":"timerTrigger"}""", "Function Some: its triggers are [queueTrigger, timerTrigger]")]
    [InlineData("""{"name":"a","type":"queueTrigger"}""", """{"name":"b","type":"blob","direction":"Out"}""", "Function Some: this host has no binding blob")]
    public void Unsupported_bindings_are_named(string first, string? second, string expected) => Assert.StartsWith(
        expected, Assert.Throws<HostStartException>(() => AppFunction.Read(second is null ? Metadata(first) : Metadata(first, second))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("queueTrigger", null, "Function Some: its queue needs a storage connection string in the setting AzureWebJobsStorage")]
    [InlineData("queueTrigger", "nonsense", "Function Some: the setting AzureWebJobsStorage is no storage connection string")]
    [InlineData("timerTrigger", null, "Function Some: its schedule '*/5 * * * *' is no six-field NCRONTAB expression")]
    public void A_trigger_that_cannot_be_listened_to_is_named(string type, string? storage, string expected)
    {
        using var stage = new TriggerStage();
        var function = TriggerStage.Function("Some", new TriggerBinding { Name = "x", Type = type, QueueName = "queue", Schedule = "*/5 * * * *" });
        var error = Assert.Throws<HostStartException>(() => stage.NewListener(
            function, new Dictionary<string, string?> { ["AzureWebJobsStorage"] = storage }, new QueueSettings(), TimeProvider.System));
        Assert.StartsWith(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("queue", "queue")]
    [InlineData("%TestQueue%", "from the setting")]
    [InlineData("%testqueue%", "from the setting")]
    [InlineData("%Missing%", null)]
    [InlineData("%Section:Queue%", null)]
    [InlineData("%Section__Queue%", null)]
    public void A_name_between_percent_signs_names_a_flat_setting(string written, string? expected) => Assert.Equal(expected, new AppSettings(
        new Dictionary<string, string?> { ["TestQueue"] = "from the setting", ["Section__Queue"] = "nested" }).Resolve(written));

    [Theory]
    [InlineData("AzureWebJobs.Some.Disabled", "true", true)]
    [InlineData("AzureWebJobs__Some__Disabled", "1", true)]
    [InlineData("AzureWebJobs.Some.Disabled", "false", false)]
    [InlineData("AzureWebJobs.Other.Disabled", "true", false)]
    public void A_setting_switches_a_function_off(string name, string value, bool expected) =>
        Assert.Equal(expected, new AppSettings(new Dictionary<string, string?> { [name] = value }).IsDisabled("Some"));

    [Fact]
    public void The_members_of_a_JSON_message_are_values_by_name()
    {
        var value = TriggerValue.Message("""{"Id":5,"name":"é","name":"last"}""");
        Assert.Equal(("5", "last"), (value.Metadata["id"].Json, value.Metadata["name"].String));
        Assert.Equal(["QueueTrigger"], TriggerValue.Message("no JSON").Metadata.Keys);
        Assert.Equal(["QueueTrigger"], TriggerValue.Message("[1]").Metadata.Keys);
        Assert.Equal(["QueueTrigger"], TriggerValue.Message("""{"half":"\ud800"}""").Metadata.Keys);
    }

    [Fact]
    public void The_properties_of_a_message_are_values_by_name()
    {
        var noon = new DateTimeOffset(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
        var message = QueuesModelFactory.QueueMessage("7", "receipt", BinaryData.FromString("text"), 2, noon.AddMinutes(1), noon, noon.AddDays(7));
        var values = TriggerValue.Message("text", message).Metadata;
        Assert.Equal(("7", "receipt", "2"), (values["Id"].String, values["PopReceipt"].String, values["DequeueCount"].Json));
        Assert.Equal(
            ("\"2030-01-01T12:00:00+00:00\"", "\"2030-01-08T12:00:00+00:00\"", "\"2030-01-01T12:01:00+00:00\""),
            (values["InsertionTime"].Json, values["ExpirationTime"].Json, values["NextVisibleTime"].Json));
    }

    private static RpcFunctionMetadata Metadata(params string[] bindings) => new() { Name = "Some", FunctionId = "7", RawBindings = { bindings } };
}
