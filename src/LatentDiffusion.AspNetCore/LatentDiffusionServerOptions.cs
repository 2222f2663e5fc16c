using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.AspNetCore;

/// <summary>Settings of the server: who may use it, and how much of it. Validated when the host starts.</summary>
public sealed class LatentDiffusionServerOptions
{
    /// <summary>
    /// API keys by the names of their holders. A key has 16 to 200 visible ASCII characters. The name becomes the caller of a job
    /// (<see cref="ImageJob.Caller"/>), by which jobs take turns and limits count. Changes of the configuration apply without a restart.
    /// </summary>
    public IDictionary<string, string> ApiKeys { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// Names of the callers who may see and manage the jobs of all: <see cref="LatentDiffusionServerDefaults.AdministratorPolicy"/> allows
    /// only them. The empty name stands for clients without a name. Changes of the configuration apply without a restart.
    /// </summary>
    public ISet<string> Administrators { get; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>
    /// Whether clients without a key are served. They share the caller with the empty name. Default false: without a key, only health
    /// answers, and a server without keys does not start.
    /// </summary>
    public bool AllowAnonymous { get; set; }

    /// <summary>
    /// The authentication scheme that identifies callers. Default <see cref="LatentDiffusionServerDefaults.AuthenticationScheme"/>; the
    /// name of another registered scheme replaces API keys, and null is the application's default scheme.
    /// </summary>
    public string? AuthenticationScheme { get; set; } = LatentDiffusionServerDefaults.AuthenticationScheme;

    /// <summary>
    /// Name of the model for requests that name none. Null, the default, for the first model of the server's
    /// process. Where no worker offers the model, that of the worker that has run longest takes its place.
    /// </summary>
    [MinLength(1)]
    public string? DefaultModel { get; set; }

    /// <summary>
    /// Requests for images of one caller per minute, 1 to 60,000. Unused ones add up to those of one minute. Clients without a name are
    /// counted by their address. Null, the default, for no limit.
    /// </summary>
    [Range(1, 60_000)]
    public int? RequestsPerMinute { get; set; }

    /// <summary>The most bytes of a request's body, from 1 KiB to 1 GiB. Default 50 MiB.</summary>
    [Range(1L << 10, 1L << 30)]
    public long MaximumRequestBytes { get; set; } = 50L << 20;

    /// <summary>The most images of one request, 1 to 1024. Default 10, as OpenAI's API.</summary>
    [RequestRange(nameof(GenerationRequest.ImageCount))]
    public int MaximumImages { get; set; } = 10;

    /// <summary>
    /// The most pixels (width times height) of an image that a client sends, from 1,024 to 2²⁶. A larger image is refused before it is
    /// decoded, and so are more than four times as many pixels in one request. Default 2²⁴, for example 4096 x 4096.
    /// </summary>
    [Range(1 << 10, 1 << 26)]
    public int MaximumInputPixels { get; set; } = 1 << 24;

    /// <summary>
    /// The most pixels (width times height) of an image that a client asks for, generated, in a second pass or enlarged, from 1,024 to
    /// 2²⁸. A request for larger ones is refused. Where it leaves a side to the model, 1024 pixels count at most. Default 2²⁴, for example
    /// 4096 x 4096; models with little memory need a lower limit.
    /// </summary>
    [Range(1 << 10, 1 << 28)]
    public int MaximumOutputPixels { get; set; } = 1 << 24;

    /// <summary>The most characters of a prompt, from 1 to 1,000,000. The pipeline may allow fewer. Default 32,000.</summary>
    [Range(1, 1_000_000)]
    public int MaximumPromptLength { get; set; } = 32_000;

    /// <summary>Whether prompts are logged. Default false.</summary>
    public bool LogPrompts { get; set; }
}
