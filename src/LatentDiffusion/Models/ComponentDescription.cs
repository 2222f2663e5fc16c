namespace LatentDiffusion.Models;

/// <summary>A component that pipelines of a family have.</summary>
/// <param name="Name">Its name in <c>model_index.json</c> and of its folder, for example <c>unet</c>.</param>
/// <param name="Type">Type of the object that it is read as: a network, a tokenizer.</param>
public sealed record ComponentDescription(string Name, Type Type)
{
    /// <summary>Whether every pipeline of the family has it. Default false.</summary>
    public bool IsRequired { get; init; }

    /// <summary>
    /// Published class of a list of such components, in the folders <c>name</c>, <c>name_1</c>, <c>name_2</c> and so on; null,
    /// the default, where there is one at most.
    /// </summary>
    public string? ListClass { get; init; }

    /// <summary>Name of one component of a list.</summary>
    /// <param name="index">Which, from 0.</param>
    internal string NameAt(int index) => index == 0 ? Name : $"{Name}_{index}";
}
