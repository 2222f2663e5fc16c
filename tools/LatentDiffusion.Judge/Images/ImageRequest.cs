namespace LatentDiffusion.Judge;

/// <summary>An image to generate.</summary>
/// <param name="Prompt">Its prompt.</param>
/// <param name="Seed">Its seed.</param>
internal sealed record ImageRequest(string Prompt, ulong Seed)
{
    /// <summary>File name, made of prompt and seed.</summary>
    public string FileName => $"{Prompt.Replace(' ', '-')}-{Seed}.png";

    /// <summary>Each prompt with the seeds from 0.</summary>
    public static ImageRequest[] Create(IEnumerable<string> prompts, int seeds) =>
        [.. prompts.SelectMany(prompt => Enumerable.Range(0, seeds).Select(seed => new ImageRequest(prompt, (ulong)seed)))];
}
