using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>Options of a run on the command line.</summary>
internal sealed record RunSettings
{
    /// <summary>Folder of the run.</summary>
    public required string Out { get; init; }

    /// <summary>Captioned images to train on; null for drawings created during training.</summary>
    public string? Data { get; init; }

    /// <summary>Whether images that cannot be read are left out; otherwise the first of them ends the run.</summary>
    public bool SkipUnreadable { get; init; }

    /// <summary>Fraction of the images to validate on; 0 for none. Images that were published for validation take its place.</summary>
    public double Validation { get; init; } = 0.1;

    /// <summary>Fraction of the images to keep for testing; 0 for none. Images that were published for testing take its place.</summary>
    public double Test { get; init; } = 0.1;

    /// <summary>
    /// Bits of the perceptual hash in which held-out images may differ from training images to be left out; null leaves none out.
    /// </summary>
    public int? NearDuplicates { get; init; }

    /// <summary>Whether a caption file of several lines is one caption; otherwise each line is one.</summary>
    public bool WholeCaptions { get; init; }

    /// <summary>Column of the captions in the data's table.</summary>
    public string CaptionColumn { get; init; } = "text";

    /// <summary>Folder of an autoencoder to use unchanged; null to train one.</summary>
    public string? Autoencoder { get; init; }

    /// <summary>Model folder to start from; null for random weights.</summary>
    public string? From { get; init; }

    /// <summary>Where networks compute.</summary>
    public Device Device { get; init; } = CPU;

    /// <summary>Batches of a step in both stages; null for the recipe's.</summary>
    public int? Accumulation { get; init; }

    /// <summary>Hours for the training; null for the recipe's steps.</summary>
    public double? Hours { get; init; }
}
