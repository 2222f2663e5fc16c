using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using LatentDiffusion.Evaluation;

namespace FineTune;

/// <summary>Losses and image grids during a run.</summary>
internal sealed record ValidationSettings
{
    [Range(1, long.MaxValue), Description("Steps between two validations.")]
    public long Every { get; init; }

    [Description("Prompts of the image grids, a row each. Empty for the first four captions.")]
    public IReadOnlyList<string> Prompts { get; init; } = [];

    [Range(0, 64), Description("Images of each prompt, from seeds 0, 1, …; 0 for no grids.")]
    public int ImagesPerPrompt { get; init; }

    [Range(1, 1000), Description("Sampling steps of the images. Null for the model's.")]
    public int? Steps { get; init; }

    [Range(0.0, 100.0), Description("Guidance scale of the images. Null for the model's.")]
    public double? GuidanceScale { get; init; }

    [Range(0, 1000), Description("Images that are drawn before and after training to measure its effect on images; 0 for none.")]
    public int EffectImages { get; init; }

    [Description("Extent of the validation loss, which needs data.validation above 0.")]
    public ValidationOptions Loss { get; init; } = new();
}
