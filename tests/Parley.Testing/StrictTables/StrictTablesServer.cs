using System.Globalization;
using Azure.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Parley.Testing;

/// <summary>
/// <see cref="StrictTables"/> on a port of 127.0.0.1, for tests that use their own transport or none. It is slower than
/// <see cref="StrictTables.Connect"/> and has no scheduler.
/// </summary>
public sealed class StrictTablesServer : IAsyncDisposable
{
    // Headers that concern only the connection between client and server, or that they add themselves.
    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase) { "Connection", "Keep-Alive", "Transfer-Encoding", "Accept-Encoding", "Expect" };

    private readonly WebApplication app;

    private StrictTablesServer(WebApplication app, string address)
    {
        this.app = app;
        ConnectionString = $"DefaultEndpointsProtocol=http;AccountName=strict;AccountKey=a2V5;TableEndpoint={address}/strict;";
    }

    /// <summary>The connection string for clients of this server.</summary>
    public string ConnectionString { get; }

    public static async Task<StrictTablesServer> StartAsync(TableConnection connection)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
        });
        var started = builder.Build();
        started.Run(context => AnswerAsync(connection, context));
        await started.StartAsync();
        var address = started.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        return new StrictTablesServer(started, address);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static async Task AnswerAsync(TableConnection connection, HttpContext context)
    {
        using var message = new HttpMessage(connection.CreateRequest(), new ResponseClassifier());
        await CopyAsync(context, message.Request);
        await connection.ProcessAsync(message);

        context.Response.StatusCode = message.Response.Status;
        foreach (var header in message.Response.Headers)
        {
            context.Response.Headers[header.Name] = header.Value;
        }

        if (message.Response.ContentStream is { Length: > 0 } body)
        {
            context.Response.ContentLength = body.Length;
            await body.CopyToAsync(context.Response.Body);
        }
    }

    private static async Task CopyAsync(HttpContext context, Request request)
    {
        request.Method = RequestMethod.Parse(context.Request.Method);
        // The target as it was sent, with its escapes.
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        request.Uri.Reset(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://{context.Request.Host}{target}")));
        foreach (var (name, values) in context.Request.Headers)
        {
            if (!HopByHop.Contains(name))
            {
                request.Headers.Add(name, values.ToString());
            }
        }

        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        if (body.Length > 0)
        {
            request.Content = RequestContent.Create(body.ToArray());
        }
    }
}
