using System.ComponentModel;

namespace FineTune;

/// <summary>What a run writes at its end.</summary>
internal sealed record OutputSettings
{
    [Description("peft or kohya: names of a LoRA file. embedding: files of tokens. folder or single_file: layout of networks.")]
    public OutputForm Form { get; init; }

    [Description("Type of the written weights.")]
    public OutputPrecision Precision { get; init; }
}
