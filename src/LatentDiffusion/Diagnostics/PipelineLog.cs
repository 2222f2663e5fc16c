using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Diagnostics;

/// <summary>Log messages of pipelines. They never contain prompts.</summary>
internal static partial class PipelineLog
{
    [LoggerMessage(1, LogLevel.Information, "Model {Model} is loaded, in {Seconds:F2} s, on {Device}.")]
    public static partial void Loaded(this ILogger logger, string? model, double seconds, string device);

    [LoggerMessage(2, LogLevel.Debug, "Generating {Count} images of {Width} x {Height} pixels in {Steps} steps from seed {Seed}.")]
    public static partial void Starting(this ILogger logger, int count, int width, int height, int steps, ulong seed);

    [LoggerMessage(
        3, LogLevel.Information,
        "Generated {Count} images in {Seconds:F2} s: text {TextEncoding:F2} s, denoising {Denoising:F2} s, decoding {Decoding:F2} s.")]
    public static partial void Finished(
        this ILogger logger, int count, double seconds, double textEncoding, double denoising, double decoding);

    [LoggerMessage(4, LogLevel.Information, "A generation was cancelled after {Seconds:F2} s.")]
    public static partial void Cancelled(this ILogger logger, double seconds);

    [LoggerMessage(5, LogLevel.Warning, "A generation took longer than its time limit of {TimeLimit} and was stopped.")]
    public static partial void TimedOut(this ILogger logger, TimeSpan timeLimit);

    [LoggerMessage(6, LogLevel.Error, "A generation failed after {Seconds:F2} s.")]
    public static partial void Failed(this ILogger logger, Exception exception, double seconds);

    [LoggerMessage(8, LogLevel.Warning, "A generation was refused: {Reason}")]
    public static partial void Refused(this ILogger logger, string reason);

    [LoggerMessage(
        9, LogLevel.Warning,
        "This CPU has no instructions for {Precision}, in which the model computes: expect about {Factor} times the time of Float32.")]
    public static partial void SlowPrecision(this ILogger logger, TorchSharp.torch.ScalarType precision, int factor);

    [LoggerMessage(
        7, LogLevel.Warning,
        "Prompt truncated: {Tokens} tokens beyond the model's {Window}-token window. UsePromptWeighting reads long prompts.")]
    public static partial void PromptTruncated(this ILogger logger, int tokens, int window);
}
