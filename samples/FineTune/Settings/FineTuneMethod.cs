using System.Text.Json.Serialization;

namespace FineTune;

/// <summary>What a run trains.</summary>
internal enum FineTuneMethod
{
    /// <summary>Low-rank adapters of the denoising network and, with <c>train_text_encoder</c>, of the CLIP text encoders.</summary>
    Lora,

    /// <summary>All weights of these networks.</summary>
    Full,

    /// <summary>Embeddings of new tokens.</summary>
    TextualInversion,

    /// <summary>A ControlNet.</summary>
    [JsonStringEnumMemberName("controlnet")]
    ControlNet,
}
