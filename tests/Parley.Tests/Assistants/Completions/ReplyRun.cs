using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Testing;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Assistants.Completions;

/// <summary>A reply that a process produces with an openai provider at a port of loopback.</summary>
internal static class ReplyRun
{
    /// <param name="port">The port of the provider.</param>
    /// <param name="model">The model of the settings.</param>
    /// <param name="text">The chatbot's name and instructions, and the customer's message.</param>
    /// <param name="chatbotModel">The chatbot's own model; null for that of the settings.</param>
    /// <returns>The completion, and everything that was logged.</returns>
    public static async Task<(Completion Ended, IReadOnlyCollection<string> Logged)> RunAsync(
        int port, string model, string text = "Hello", string? chatbotModel = null)
    {
        var settings = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Providers:main:Endpoint"] = $"http://127.0.0.1:{port}/v1",
            ["Providers:main:Key"] = "none",
            ["Providers:main:Model"] = model,
            ["Providers:main:CountTokens"] = "true",
        }).Build();
        using var logs = new LogLines();
        var time = TimeProvider.System;
        var process = new ParleyProcess(
            new StrictTables(time).Connect(),
            time,
            seed: 1,
            assistants: new AssistantSurroundings(settings, new NoQueues()) { Logs = logs });
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var chatbot = await process.ChatbotWriter.CreateAsync(
            Appends.Tenant,
            one => one with { Name = text, Instructions = text, Model = chatbotModel },
            CancellationToken.None);
        var started = await process.CompletionCommands.StartAsync(
            new EntityRef<ChatbotKey>(chatbot.Key, null),
            conversation: null,
            new NewMessage(MessageRole.Customer, text, null, text, null),
            key: null,
            CancellationToken.None);
        var run = started.Run ?? throw new InvalidOperationException("The reply is not new.");
        return (await run().Result, logs.Lines);
    }

    /// <summary>Keeps the id, the text, the values and the exception of every line.</summary>
    private sealed class LogLines : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = state as IEnumerable<KeyValuePair<string, object?>> ?? [];
            Lines.Enqueue(
                $"{eventId.Id} {formatter(state, exception)} | {string.Join(", ", values.Select(pair => pair.Value))} | {exception}");
        }

        public void Dispose()
        {
            // There is nothing to dispose.
        }
    }
}
