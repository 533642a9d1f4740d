using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Assistants.Completions;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Exports;
using Parley.Files;
using Parley.Functions;
using Parley.Functions.Api;
using Parley.Functions.Api.Access;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Audit;
using Parley.Tenants.Tokens;
using Parley.Testing;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Functions.Api.Effort;

/// <summary>
/// The app's HTTP functions on storage in memory, called without a server: what a call allocates and takes is the
/// app's own.
/// </summary>
internal sealed class InProcessApi
{
    private const string AdminKey = "an admin key of more than 32 characters";

    private const Scopes All = Scopes.MessagesRead | Scopes.MessagesWrite | Scopes.FollowUpsRead | Scopes.FollowUpsWrite
        | Scopes.ExportsWrite | Scopes.AssistantsWrite | Scopes.AssistantsUse | Scopes.Admin | Scopes.AuditRead;

    private static readonly MethodInfo[] Methods =
    [
        .. typeof(RouteTable).Assembly.GetExportedTypes()
            .SelectMany(type => type.GetMethods())
            .Where(method => method.IsDefined(typeof(FunctionAttribute))),
    ];

    private readonly IServiceProvider services;
    private readonly ApiEndpoint endpoint;
    private readonly string key;

    private InProcessApi(IServiceProvider services, string key)
    {
        this.services = services;
        this.key = key;
        endpoint = services.GetRequiredService<ApiEndpoint>();
    }

    /// <summary>The connection to tables and blobs, which counts its calls.</summary>
    public required TableConnection Connection { get; init; }

    /// <summary>The tables.</summary>
    public required StrictTables Tables { get; init; }

    public required TenantId Tenant { get; init; }

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <summary>Starts the app with a tenant of its own.</summary>
    /// <param name="settings">Further settings, in the form <c>Providers:main:Type</c>.</param>
    public static async Task<InProcessApi> StartAsync(params KeyValuePair<string, string?>[] settings)
    {
        var time = new VirtualTime();
        var tables = new StrictTables(time);
        var connection = tables.Connect();
        var blobs = new StrictBlobs(time).ServiceClient(connection);
        var registered = Register(time, connection, blobs, settings);
        await registered.GetRequiredService<ParleyTables>().CreateIfNotExistsAsync(CancellationToken.None);
        await registered.GetRequiredService<FileStore>().CreateIfNotExistsAsync(CancellationToken.None);
        var tenants = registered.GetRequiredService<TenantAdministration>();
        var origin = new AuditOrigin(AuditActor.Administrator, null, "request");
        var tenant = await tenants.CreateTenantAsync("tenant", origin, CancellationToken.None);
        var created = await registered.GetRequiredService<ApiKeyWriter>()
            .CreateAsync(tenant.Tenant, "key", All, Dialect.Parley, null, origin, CancellationToken.None);

        // The keys of tokens are read in the background at their first use.
        await registered.GetRequiredService<SigningKeys>().ListAsync(CancellationToken.None);
        return new InProcessApi(registered, created.Text) { Connection = connection, Tables = tables, Tenant = tenant.Tenant };
    }

    /// <summary>The same app, called with another key of the tenant.</summary>
    public async Task<InProcessApi> WithDialectAsync(Dialect dialect)
    {
        var origin = new AuditOrigin(AuditActor.Administrator, null, "request");
        var created = await Get<ApiKeyWriter>()
            .CreateAsync(Tenant, "vendor's", All, dialect, null, origin, CancellationToken.None);
        return new InProcessApi(services, created.Text) { Connection = Connection, Tables = Tables, Tenant = Tenant };
    }

    /// <summary>Starts the app again on the same storage, with other settings.</summary>
    public InProcessApi Restart(params KeyValuePair<string, string?>[] settings) =>
        new(Register(Get<TimeProvider>(), Connection, Get<BlobServiceClient>(), settings), key)
        {
            Connection = Connection,
            Tables = Tables,
            Tenant = Tenant,
        };

    private static ServiceProvider Register(
        TimeProvider time, TableConnection connection, BlobServiceClient blobs, KeyValuePair<string, string?>[] settings)
    {
        var nowhere = new NoQueues();
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("Parley:AdminKey", AdminKey), new("Providers:main:Type", "scripted"), .. settings])
            .Build();
        return new ServiceCollection()
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
            .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
            .AddSingleton<IConfiguration>(configuration)
            .AddSingleton(time)
            .AddSingleton(new RandomSource(1))
            .AddSingleton(connection.ServiceClient())
            .AddSingleton(blobs)
            .AddParleyApp(configuration)
            .AddSingleton<IWorkQueue<FollowUpChunk>>(nowhere)
            .AddSingleton<IWorkQueue<QueuedReply>>(nowhere)
            .AddSingleton<IWorkQueue<ExportStep>>(nowhere)
            .BuildServiceProvider();
    }

    /// <summary>Creates a request with the key of the operation's kind of caller.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path without the route prefix, such as <c>/v1/messages</c>.</param>
    public DefaultHttpContext NewRequest(string method, string path)
    {
        var context = new DefaultHttpContext { RequestServices = services };
        context.Request.Method = method;
        context.Request.Scheme = "https";
        context.Request.Host = new HostString("parley.invalid");
        context.Request.Path = $"/api{path}";
        context.Request.Headers.Authorization =
            $"Bearer {(path.StartsWith("/v1/admin/", StringComparison.Ordinal) ? AdminKey : key)}";
        context.Response.Body = Stream.Null;
        return context;
    }

    /// <summary>Sends a request with a JSON body, or without one, and returns its status and the JSON answer.</summary>
    public async Task<(int Status, JsonNode? Body)> SendAsync(string method, string path, object? body = null)
    {
        var context = NewRequest(method, path);
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        if (body is not null)
        {
            context.Request.ContentType = "application/json";
            context.Request.Body = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(body));
        }

        await RunAsync(Prepare(context));
        return (context.Response.StatusCode, answer.Length == 0 ? null : JsonNode.Parse(answer.ToArray()));
    }

    /// <summary>Runs a call. While it waits, the time advances about as fast as real time.</summary>
    public async Task RunAsync(Func<Task> call)
    {
        var running = call();
        while (!running.IsCompleted)
        {
            await Task.WhenAny(running, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System));
            ((VirtualTime)Get<TimeProvider>()).Advance(TimeSpan.FromMilliseconds(1));
        }

        await running;
    }

    /// <summary>Finds the function of a request and creates it; its result calls the function.</summary>
    public Func<Task> Prepare(HttpContext context)
    {
        var path = new PathString(context.Request.Path.Value!["/api".Length..]);
        foreach (var method in Methods)
        {
            var trigger = method.GetParameters()
                .Select(parameter => parameter.GetCustomAttribute<HttpTriggerAttribute>())
                .FirstOrDefault(found => found is not null);
            var values = new RouteValueDictionary();
            if (trigger?.Methods?.Contains(context.Request.Method, StringComparer.OrdinalIgnoreCase) is true
                && new TemplateMatcher(TemplateParser.Parse(trigger.Route!), []).TryMatch(path, values))
            {
                var function = ActivatorUtilities.CreateInstance(services, method.DeclaringType!);
                object?[] arguments =
                [
                    .. method.GetParameters().Select(parameter =>
                        parameter.ParameterType == typeof(HttpRequest) ? context.Request : values[parameter.Name!]),
                ];
                return async () =>
                {
                    if (await endpoint.TryAuthorizeAsync(context, () => FunctionAccess.Of(method)))
                    {
                        await (Task)method.Invoke(function, arguments)!;
                    }
                };
            }
        }

        throw new ArgumentException($"No function answers {context.Request.Method} {path}.");
    }
}
