namespace FineTune;

/// <summary>Layout of a run's result.</summary>
internal enum OutputForm
{
    /// <summary>A LoRA file with the names of peft and diffusers.</summary>
    Peft,

    /// <summary>A LoRA file with the names of kohya's scripts.</summary>
    Kohya,

    /// <summary>A file of embeddings for each token.</summary>
    Embedding,

    /// <summary>A folder in the layout of diffusers.</summary>
    Folder,

    /// <summary>A single file with the names of the original code.</summary>
    SingleFile,
}
