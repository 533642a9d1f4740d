using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Parley.Operations;

namespace Parley.Tests.Operations;

/// <summary>Runs a function before every table call of an account.</summary>
internal sealed class CallHook(Func<Request, Task> before) : HttpPipelinePolicy
{
    /// <summary>Returns the same account, with the hook.</summary>
    public static Account Hooked(Account account, string connectionString, Func<Request, Task> before)
    {
        var options = Account.TableOptions();
        options.AddPolicy(new CallHook(before), HttpPipelinePosition.PerCall);
        return new Account(new TableServiceClient(connectionString, options), account.Blobs, account.Queues);
    }

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        await before(message.Request);
        await ProcessNextAsync(message, pipeline);
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        throw new NotSupportedException("All calls are asynchronous.");
}
