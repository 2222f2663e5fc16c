using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace FineTune;

/// <summary>Images of the class that a subject belongs to, which keep the model's knowledge of the class (DreamBooth).</summary>
internal sealed record PriorSettings
{
    [Required, Description("Prompt of the class, for example \"a photo of a dog\": the caption of its images.")]
    public required string Prompt { get; init; }

    [Description("Folder of images of the class. Null to generate them with the model before training.")]
    public string? Path { get; init; }

    [Range(1, 100_000), Description("Number of images that are generated.")]
    public int Count { get; init; } = 100;

    [Range(0.0, 1000.0, MinimumIsExclusive = true), Description("Weight of their loss.")]
    public double Weight { get; init; } = 1;
}
