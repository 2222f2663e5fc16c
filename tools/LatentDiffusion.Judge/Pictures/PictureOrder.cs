namespace LatentDiffusion.Judge;

/// <summary>A picture to generate.</summary>
/// <param name="Prompt">Its prompt.</param>
/// <param name="Seed">Its seed.</param>
internal sealed record PictureOrder(string Prompt, ulong Seed)
{
    /// <summary>Name of its file, which tells both.</summary>
    public string FileName => $"{Prompt.Replace(' ', '-')}-{Seed}.png";

    /// <summary>Each prompt with the seeds from 0.</summary>
    public static PictureOrder[] Of(IEnumerable<string> prompts, int seeds) =>
        [.. prompts.SelectMany(prompt => Enumerable.Range(0, seeds).Select(seed => new PictureOrder(prompt, (ulong)seed)))];
}
