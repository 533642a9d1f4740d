using System.Diagnostics;

namespace Parley.Core;

/// <content>The span and the measures of a call of a provider.</content>
public static partial class Telemetry
{
    /// <summary>A call of a provider, from its start to the end of the reply.</summary>
    public sealed class ModelCall : IDisposable
    {
        private readonly Activity? span;
        private readonly TagList tags;
        private readonly TimeProvider time;
        private readonly long began;
        private string? error;
        private bool hasText;

        internal ModelCall(string provider, string? model, TimeProvider time)
        {
            this.time = time;
            began = time.GetTimestamp();
            tags = new TagList
            {
                { "gen_ai.operation.name", "chat" },
                { "gen_ai.provider.name", provider },
                { "gen_ai.request.model", model ?? "_OTHER" },
            };
            span = Source.StartActivity(
                $"chat {model ?? "_OTHER"}", ActivityKind.Client, default(ActivityContext), tags);
        }

        /// <summary>Counts the time to the first text. Later calls have no effect.</summary>
        public void HasText()
        {
            if (!hasText)
            {
                hasText = true;
                ModelFirstChunk.Record(time.GetElapsedTime(began).TotalSeconds, tags);
            }
        }

        /// <summary>Counts the tokens that the provider reports.</summary>
        public void Used(long? input, long? output)
        {
            Count("input", input);
            Count("output", output);
        }

        /// <summary>Records why the call failed: one of few names.</summary>
        public void Failed(string reason) => error = reason;

        /// <inheritdoc/>
        public void Dispose()
        {
            var all = tags;
            if (error is not null)
            {
                all.Add(ErrorTag, error);
                span?.SetTag(ErrorTag, error).SetStatus(ActivityStatusCode.Error);
            }

            ModelDuration.Record(time.GetElapsedTime(began).TotalSeconds, all);
            span?.Dispose();
        }

        private void Count(string type, long? tokens)
        {
            if (tokens is { } count)
            {
                var typed = tags;
                typed.Add("gen_ai.token.type", type);
                ModelTokens.Record(count, typed);
                span?.SetTag($"gen_ai.usage.{type}_tokens", count);
            }
        }
    }
}
