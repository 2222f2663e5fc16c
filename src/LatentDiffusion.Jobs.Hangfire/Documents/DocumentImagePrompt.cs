namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>Images and masks of one image prompt as PNG files.</summary>
internal sealed record DocumentImagePrompt(byte[][]? Images, byte[][]? Masks);
