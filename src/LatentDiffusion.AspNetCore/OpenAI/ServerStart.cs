namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>When the server started, which clients see as the date of models.</summary>
internal sealed class ServerStart(TimeProvider time)
{
    public long UnixSeconds { get; } = time.GetUtcNow().ToUnixTimeSeconds();
}
