using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Core;
using Parley.Functions;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Dialects;
using Parley.Functions.Api.Flextell;
using Parley.Functions.Api.Quotas;
using Parley.Functions.Api.Requests;
using Parley.Tenants;
using Parley.Tenants.Audit;
using Parley.Tenants.Limits;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Parley.Tests.Tenants.Limits;
using Xunit;

namespace Parley.Tests.Functions.Api.Quotas;

/// <summary>What requests use of quotas, and the header fields of their responses.</summary>
public class RequestQuotaTests
{
    private static readonly TenantId Tenant = new(1);

    private readonly RateLimiter limiter = new(
        RateOptionsTests.Read(("Limits:Tenant:Requests", "600/60s"), ("Limits:Tenant:Messages", "2/30s"), ("Limits:Key:Bytes", "65536/10s")),
        new VirtualTime());

    [Fact]
    public void The_fields_have_the_form_of_the_draft()
    {
        var context = Take("POST", LimitUnits.Messages);

        Assert.Equal(
            """
            "tenant-requests";q=600;w=60, "tenant-messages";q=2;w=30, "key-bytes";q=65536;qu="content-bytes";w=10
            """,
            context.Response.Headers["RateLimit-Policy"]);
        Assert.Equal(
            """
            "tenant-requests";r=599;t=1, "tenant-messages";r=1;t=15, "key-bytes";r=65536;t=0
            """,
            context.Response.Headers["RateLimit"]);
        Assert.Equal(
            """
            "tenant-requests";r=598;t=1
            """,
            Take("GET").Response.Headers["RateLimit"]);
    }

    [Fact]
    public void A_refused_request_has_the_fields_of_what_refused_it()
    {
        Take("POST", LimitUnits.Messages);
        Take("POST", LimitUnits.Messages);
        var context = Request("POST");
        var refused = Assert.Throws<ParleyException>(() => RequestQuota.Take(context.Request, limiter.Find(Tenant, 1), LimitUnits.Messages));
        RequestQuota.Failed(context, refused);
        RequestQuota.Decorate(context);

        Assert.Equal(
            """
            "tenant-messages";r=0;t=15
            """,
            context.Response.Headers["RateLimit"]);
        Assert.Equal(TimeSpan.FromSeconds(15), refused.RetryAfter);
        Assert.Contains("\"tenant-requests\";q=600", $"{context.Response.Headers["RateLimit-Policy"]}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("invalid_fields", true)]
    [InlineData("conversation_not_found", true)]
    [InlineData("busy", true)]
    [InlineData("storage_unavailable", false)]
    [InlineData("internal_error", false)]
    public void A_failure_gives_back_what_was_not_created(string code, bool isReturned)
    {
        var context = Take("POST", LimitUnits.Messages);
        RequestQuota.Failed(context, ErrorCode.All.Single(one => one.Code == code).With("No."));
        RequestQuota.Decorate(context);

        Assert.Contains(isReturned ? "\"tenant-messages\";r=2;t=0" : "\"tenant-messages\";r=1;t=15", $"{context.Response.Headers["RateLimit"]}", StringComparison.Ordinal);
        Assert.Contains("\"tenant-requests\";r=599;t=1", $"{context.Response.Headers["RateLimit"]}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 1)]
    public void A_replay_costs_a_request_only(bool isReplayed, int left)
    {
        var context = Take("POST", LimitUnits.Messages);
        if (isReplayed)
        {
            context.Response.Headers["Idempotent-Replayed"] = "true";
        }

        RequestQuota.Completed(context);
        RequestQuota.Decorate(context);
        Assert.Contains($"\"tenant-messages\";r={left};", $"{context.Response.Headers["RateLimit"]}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_are_counted_as_they_are_read()
    {
        var context = Take("PUT", body: new byte[70_000]);
        await context.Request.Body.CopyToAsync(Stream.Null);
        RequestQuota.Decorate(context);
        Assert.Contains("\"key-bytes\";r=0;t=1", $"{context.Response.Headers["RateLimit"]}", StringComparison.Ordinal);
        Assert.Throws<ParleyException>(() => Take("POST"));
        Take("GET");
        Take("DELETE");
    }

    [Fact]
    public void Without_limits_there_are_no_fields()
    {
        var context = Request("GET");
        RequestQuota.Take(context.Request, use: null, LimitUnits.Messages);
        RequestQuota.Decorate(context);
        Assert.Empty(context.Response.Headers);
    }

    /// <summary>An empty list is not sent (RFC 9651, section 3.1).</summary>
    [Fact]
    public void A_request_that_draws_on_no_quota_has_no_state()
    {
        var messagesOnly = new RateLimiter(RateOptionsTests.Read(("Limits:Tenant:Messages", "2/30s")), new VirtualTime());
        var context = Request("GET");
        RequestQuota.Take(context.Request, messagesOnly.Find(Tenant, 1), LimitUnits.None);
        RequestQuota.Decorate(context);

        Assert.Equal(
            """
            "tenant-messages";q=2;w=30
            """,
            context.Response.Headers["RateLimit-Policy"]);
        Assert.False(context.Response.Headers.ContainsKey("RateLimit"));
    }

    [Fact]
    public void Every_function_that_creates_messages_completions_or_exports_states_its_cost()
    {
        var costs = from type in typeof(ParleyApp).Assembly.GetTypes()
                    from method in type.GetMethods()
                    where method.GetParameters().Any(parameter => parameter.IsDefined(typeof(Microsoft.Azure.Functions.Worker.HttpTriggerAttribute), inherit: false))
                    let cost = FunctionAccess.Of(method).Costs
                    where cost != LimitUnits.None
                    select $"{method.DeclaringType!.Name}.{method.Name} {cost}";

        Assert.Equal(
            [
                "ChatMessageFunctions.Create Messages",
                "CompletionFunctions.Create Completions",
                "CompletionFunctions.CreateUnversioned Completions",
                "ConversationMessageFunctions.Post Messages",
                "ConversationMessageFunctions.PostMedia Messages",
                "ExportFunctions.Create Exports",
                "ExportFunctions.CreateOfRecords Exports",
                "MessageFunctions.Create Messages",
                "MessageFunctions.CreateOutgoing Messages",
                "MessageFunctions.CreateOutgoingUnversioned Messages",
                "MessageFunctions.CreateUnversioned Messages",
            ],
            costs.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Authentication_and_limits_cost_no_storage_call_when_warm()
    {
        var calls = 0;
        var time = new VirtualTime();
        var tables = new StrictTables(time);
        var process = new ParleyProcess(tables.Connect("one", new TableHooks { After = (_, _) => calls++ }), time, seed: 1);
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var origin = new AuditOrigin(AuditActor.Administrator, null, "request");
        var tenant = await process.Administration.CreateTenantAsync("Tenant", origin, CancellationToken.None);
        var key = await process.KeyWriter.CreateAsync(tenant.Tenant, "Key", Scopes.MessagesRead, Dialect.Parley, null, origin, CancellationToken.None);
        var refused = new RefusedCalls(process.Audit, time, NullLogger<RefusedCalls>.Instance);
        var authorization = new Authorization(process.Authenticator, process.AccessTokens, limiter, refused, new PerDialect<Func<HttpRequest, string?>>(RequestHeaders.ReadTenant), new ConfigurationBuilder().Build());
        var access = FunctionAccess.Of(typeof(ConversationMessageFunctions).GetMethod("List")!);

        await AuthorizeAsync();
        var before = calls;
        var admitted = 1;
        while (await AuthorizeAsync())
        {
            admitted++;
        }

        // Six hundred admitted requests and a refused one.
        Assert.Equal((600, before), (admitted, calls));

        async Task<bool> AuthorizeAsync()
        {
            var context = Request("GET");
            context.Request.Headers.Authorization = $"Bearer {key.Text}";
            try
            {
                return await authorization.AuthorizeAsync(context.Request, access) is not null;
            }
            catch (ParleyException e) when (e.Code == ErrorCode.QuotaExceeded)
            {
                return false;
            }
        }
    }

    private DefaultHttpContext Take(string method, LimitUnits costs = LimitUnits.None, byte[]? body = null)
    {
        var context = Request(method, body);
        RequestQuota.Take(context.Request, limiter.Find(Tenant, 1), costs);
        RequestQuota.Decorate(context);
        return context;
    }

    private static DefaultHttpContext Request(string method, byte[]? body = null) =>
        new() { Request = { Method = method, Body = new MemoryStream(body ?? []) } };
}
