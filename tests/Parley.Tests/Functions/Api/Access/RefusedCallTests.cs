using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Admin;
using Parley.Functions.Api.Dialects;
using Parley.Functions.Api.Flextell;
using Parley.Functions.Api.Requests;
using Parley.Tenants;
using Parley.Tenants.Audit;
using Parley.Tenants.Limits;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Parley.Tests.Tenants;
using Parley.Tests.Tenants.Limits;
using Xunit;

namespace Parley.Tests.Functions.Api.Access;

/// <summary>The audit entries of refused administrative calls.</summary>
public sealed class RefusedCallTests : IAsyncLifetime
{
    private readonly VirtualTime time = new();
    private readonly StrictTables tables;
    private readonly ParleyProcess process;
    private readonly Authorization authorization;
    private TenantId tenant;
    private NewApiKey key = null!;

    public RefusedCallTests()
    {
        tables = new StrictTables(time);
        process = new ParleyProcess(tables.Connect(), time, 1);
        authorization = new Authorization(
            process.Authenticator,
            process.AccessTokens,
            new RateLimiter(RateOptionsTests.Read(), time),
            new RefusedCalls(process.Audit, time, NullLogger<RefusedCalls>.Instance),
            new PerDialect<Func<HttpRequest, string?>>(RequestHeaders.ReadTenant),
            new ConfigurationBuilder().Build());
    }

    public async Task InitializeAsync() => (tenant, key) = await TenantProcess.SetUpAsync(tables, time);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_caller_that_disconnects_does_not_avoid_the_entry()
    {
        var context = new DefaultHttpContext { RequestAborted = new CancellationToken(canceled: true) };
        var access = FunctionAccess.Of(typeof(TenantFunctions).GetMethod(nameof(TenantFunctions.List))!) with { Name = "AdminTenantsList" };
        await Assert.ThrowsAsync<ParleyException>(() => authorization.AuthorizeAsync(context.Request, access));
        Assert.Equal(["AdminTenantsList"], await RefusedAsync(AuditLog.Administration));
    }

    [Fact]
    public async Task A_refusal_of_an_administrative_function_has_an_entry_and_no_other_answer_has_one()
    {
        var access = FunctionAccess.Of(typeof(KeyFunctions).GetMethod(nameof(KeyFunctions.Create))!) with { Name = "KeysCreate" };
        var administrative = Request();
        await authorization.AuthorizeAsync(administrative.Request, access);
        var other = Request();
        await authorization.AuthorizeAsync(
            other.Request, FunctionAccess.Of(typeof(ConversationMessageFunctions).GetMethod("List")!) with { Name = "Other" });
        foreach (var context in new[] { administrative, other })
        {
            await authorization.RecordAsync(context, ErrorCode.KeyNotFound.With("x"));
            await authorization.RecordAsync(context, ErrorCode.ScopeMissing.With("x"));
        }

        Assert.Equal(["KeysCreate"], await RefusedAsync(tenant));
    }

    private DefaultHttpContext Request() => new() { Request = { Headers = { Authorization = $"Bearer {key.Text}" } } };

    private async Task<IEnumerable<string>> RefusedAsync(TenantId owner) =>
        (await process.Audit.ListAsync(owner, null, 100, CancellationToken.None)).Items
            .Where(entry => entry.Action == AuditAction.CallRefused)
            .Select(entry => entry.Target);
}
