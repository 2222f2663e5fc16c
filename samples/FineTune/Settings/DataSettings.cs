using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using LatentDiffusion.Data;
using LatentDiffusion.Training;

namespace FineTune;

/// <summary>The images of a run and their preparation.</summary>
internal sealed record DataSettings
{
    [Description("Folder with metadata.jsonl, metadata.csv or caption files, or Parquet files.")]
    public string? Path { get; init; }

    [Description("Column of the captions.")]
    public string Captions { get; init; } = "text";

    [Description("Take a caption file of several lines as one caption; otherwise each line is a caption.")]
    public bool WholeCaptions { get; init; }

    [Description("Caption of images in a folder that have none. Null to refuse such images.")]
    public string? DefaultCaption { get; init; }

    [Description("Leave out images that cannot be read; otherwise the first of them ends the run.")]
    public bool SkipUnreadable { get; init; }

    [Range(8, 16384), Description("Side of square images in pixels; buckets have about its area. Null for the model's size.")]
    public int? Size { get; init; }

    [Description("Sort images into sizes of about equal area by their proportions; otherwise all are cropped to squares.")]
    public bool Buckets { get; init; }

    [Range(8, 1024), Description("Sides of buckets are multiples of this, in pixels.")]
    public int BucketStep { get; init; }

    [Description("Mirror images left to right in half of the variants.")]
    public bool Mirror { get; init; }

    [Description("Where the part that exceeds a bucket is cropped: center or random.")]
    public CropPosition Crop { get; init; }

    [Range(1, 4096), Description(
        "Variants (crop, mirroring, caption) of each image. Null for one for each caption, twice as many with mirror or random crops.")]
    public int? Variants { get; init; }

    [Description("Shuffles the tags of captions in each epoch; for Stable Diffusion. Null to keep their order.")]
    public TagShuffling? Tags { get; init; }

    [Range(0.0, 1.0, MaximumIsExclusive = true), Description("Fraction of the images held out to measure the validation loss.")]
    public double Validation { get; init; }
}
