using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.LocalHost;
using Xunit;

#pragma warning disable CA1822 // Functions are instance methods, whether they need their instance or not.

namespace Parley.Tests.Hosting;

public sealed class StartUpErrorTests
{
    [Theory]
    [InlineData(typeof(NotATask), "Function Bad: it returns Task`1")]
    [InlineData(typeof(ReturnsNothing), "Function Bad: it returns Void")]
    [InlineData(typeof(TakesACancellationToken), "Function Bad: its parameter 'ct' of type CancellationToken")]
    [InlineData(typeof(TakesABody), "Function Bad: its parameter 'body' of type Object")]
    [InlineData(typeof(TakesANumber), "Function Bad: its parameter 'id' of type Int32")]
    [InlineData(typeof(TakesAnUnknownValue), "Function Bad: its parameter 'other' of type String")]
    [InlineData(typeof(TakesAValueByOtherCase), "Function Bad: its parameter 'Id' of type String")]
    [InlineData(typeof(TriggerIsNoRequest), "Function Bad: its [HttpTrigger] parameter 'request' is of type String")]
    [InlineData(typeof(NoTrigger), "Function Bad: it has 0 parameters with [HttpTrigger]")]
    [InlineData(typeof(TwoTriggers), "Function Bad: it has 2 parameters with [HttpTrigger]")]
    [InlineData(typeof(NeedsAKey), "Function Bad: its AuthorizationLevel must be Anonymous")]
    [InlineData(typeof(HasAConstraint), "Function Bad: its route 'items/{id:int}' constrains 'id'")]
    [InlineData(typeof(BrokenRoute), "Function Bad: its route 'items/{id' is no route template")]
    [InlineData(typeof(AdminRoute), "Function Bad: its route 'admin/items' begins with admin or runtime")]
    [InlineData(typeof(RuntimeRoute), "Function Bad: its route '/Runtimes' begins with admin or runtime")]
    [InlineData(typeof(NotPublic), "Function Bad: NotPublic.Run must be a public instance method of a public class")]
    [InlineData(typeof(PrivateMethod), "Function Bad: PrivateMethod.Run must be a public instance method")]
    [InlineData(typeof(StaticMethod), "Function Bad: StaticMethod.Run must be a public instance method")]
    [InlineData(typeof(AbstractClass), "Function Bad: AbstractClass.Run must be a public instance method")]
    [InlineData(typeof(GenericMethod), "Function Bad: GenericMethod.Run must be a public instance method")]
    [InlineData(typeof(SameNameTwice), "two functions have this name")]
    [InlineData(typeof(QueueTriggerIsNoText), "Function Bad: its [QueueTrigger] parameter 'message' is of type Byte[]; only String is supported")]
    [InlineData(typeof(QueueTakesMore), "Function Bad: its parameter 'id' of type String is neither its trigger nor a CancellationToken")]
    [InlineData(typeof(QueueReturnsAnOutput), "Function Bad: it returns Task`1")]
    [InlineData(typeof(QueueWithoutStorage), "Function Bad: its queue needs a storage connection string in the setting OtherStorage")]
    [InlineData(typeof(TimerTriggerIsNoTimer), "Function Bad: its [TimerTrigger] parameter 'timer' is of type Object; only TimerInfo is supported")]
    [InlineData(typeof(TimerTakesMore), "Function Bad: its parameter 'request' of type HttpRequest is neither its trigger nor a CancellationToken")]
    [InlineData(typeof(TimerWithFiveFields), "Function Bad: its schedule '*/5 * * * *' is no six-field NCRONTAB expression")]
    [InlineData(typeof(TimerWithATimeSpan), "Function Bad: its schedule '00:05:00' is no six-field NCRONTAB expression")]
    [InlineData(typeof(TwoKindsOfTrigger), "Function Bad: it has 2 parameters with [HttpTrigger], [QueueTrigger] or [TimerTrigger]")]
    public async Task What_the_host_cannot_run_is_named_at_start_up(Type functions, string expected)
    {
        var error = await Assert.ThrowsAsync<HostStartException>(() => TestApp.StartAsync(functions));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public async Task A_wrong_setting_is_named()
    {
        var error = await Assert.ThrowsAsync<HostStartException>(() => ParleyHost.StartAsync(
            new Dictionary<string, string?> { ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true", ["Providers__main__Type"] = "parrot" }));
        Assert.Equal("A setting is wrong: Providers__main__Type must be openai or scripted.", error.Message);
    }

    [Theory]
    [InlineData("""{"version":"2.0"}""", "api")]
    [InlineData("""{"extensions":{"http":{"routePrefix":"v9"}}} // comment""", "v9")]
    [InlineData("""{"extensions":{"http":{"routePrefix":""}}}""", "")]
    public async Task The_route_prefix_is_host_jsons(string hostJson, string expected)
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, hostJson);
        await using var host = await ParleyHost.StartAsync(new HostedApp([typeof(Fine)], (_, _) => { }, path), new Dictionary<string, string?>());
        File.Delete(path);
        Assert.Equal(expected, host.RoutePrefix);
        using var http = host.NewClient();
        using var response = await http.GetAsync($"{expected}/fine");
        Assert.Equal(200, (int)response.StatusCode);
    }

    public sealed class Fine
    {
        [Function("Fine")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => Task.CompletedTask;
    }

    public sealed class NotATask
    {
        [Function("Bad")]
        public Task<string> Run([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => Task.FromResult("");
    }

    public sealed class ReturnsNothing
    {
        [Function("Bad")]
        public void Run([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request)
        {
        }
    }

    public sealed class TakesACancellationToken
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request, CancellationToken ct) => Task.CompletedTask;
    }

    public sealed class TakesABody
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request, object body) => Task.CompletedTask;
    }

    public sealed class TakesANumber
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous, Route = "items/{id}")] HttpRequest request, int id) => Task.CompletedTask;
    }

    public sealed class TakesAnUnknownValue
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous, Route = "items/{id}")] HttpRequest request, string other) => Task.CompletedTask;
    }

    public sealed class TakesAValueByOtherCase
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous, Route = "items/{id}")] HttpRequest request, string Id) => Task.CompletedTask;
    }

    public sealed class TriggerIsNoRequest
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous)] string request) => Task.CompletedTask;
    }

    public sealed class NoTrigger
    {
        [Function("Bad")]
        public Task Run(HttpRequest request) => Task.CompletedTask;
    }

    public sealed class TwoTriggers
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request, [HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest again) => Task.CompletedTask;
    }

    public sealed class NeedsAKey
    {
        [Function("Bad")]
        public Task Run([HttpTrigger((AuthorizationLevel)2)] HttpRequest request) => Task.CompletedTask;
    }

    public sealed class HasAConstraint
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous, Route = "items/{id:int}")] HttpRequest request, string id) => Task.CompletedTask;
    }

    public sealed class BrokenRoute
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous, Route = "items/{id")] HttpRequest request) => Task.CompletedTask;
    }

    public sealed class AdminRoute
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous, Route = "admin/items")] HttpRequest request) => Task.CompletedTask;
    }

    public sealed class RuntimeRoute
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous, Route = "/Runtimes")] HttpRequest request) => Task.CompletedTask;
    }

    internal sealed class NotPublic
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => Task.CompletedTask;
    }

    public sealed class PrivateMethod
    {
        [Function("Bad")]
        internal Task Run([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => Task.CompletedTask;
    }

    public sealed class StaticMethod
    {
        [Function("Bad")]
        public static Task Run([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => Task.CompletedTask;
    }

    public abstract class AbstractClass
    {
        [Function("Bad")]
        public Task Run([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => Task.CompletedTask;
    }

    public sealed class GenericMethod
    {
        [Function("Bad")]
        public Task Run<T>([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => Task.CompletedTask;
    }

    public sealed class SameNameTwice
    {
        [Function("Bad")]
        public Task One([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => Task.CompletedTask;

        [Function("bad")]
        public Task Two([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => Task.CompletedTask;
    }

    public sealed class QueueTriggerIsNoText
    {
        [Function("Bad")]
        public Task Run([QueueTrigger("queue")] byte[] message) => Task.CompletedTask;
    }

    public sealed class QueueTakesMore
    {
        [Function("Bad")]
        public Task Run([QueueTrigger("queue")] string message, string id) => Task.CompletedTask;
    }

    public sealed class QueueReturnsAnOutput
    {
        [Function("Bad")]
        public Task<string> Run([QueueTrigger("queue")] string message) => Task.FromResult("");
    }

    public sealed class QueueWithoutStorage
    {
        [Function("Bad")]
        public Task Run([QueueTrigger("queue", Connection = "OtherStorage")] string message) => Task.CompletedTask;
    }

    public sealed class TimerTriggerIsNoTimer
    {
        [Function("Bad")]
        public Task Run([TimerTrigger("* * * * * *")] object timer) => Task.CompletedTask;
    }

    public sealed class TimerTakesMore
    {
        [Function("Bad")]
        public Task Run([TimerTrigger("* * * * * *")] TimerInfo timer, HttpRequest request) => Task.CompletedTask;
    }

    public sealed class TimerWithFiveFields
    {
        [Function("Bad")]
        public Task Run([TimerTrigger("*/5 * * * *")] TimerInfo timer) => Task.CompletedTask;
    }

    public sealed class TimerWithATimeSpan
    {
        [Function("Bad")]
        public Task Run([TimerTrigger("00:05:00")] TimerInfo timer) => Task.CompletedTask;
    }

    public sealed class TwoKindsOfTrigger
    {
        [Function("Bad")]
        public Task Run([QueueTrigger("queue")] string message, [TimerTrigger("* * * * * *")] TimerInfo timer) => Task.CompletedTask;
    }
}
