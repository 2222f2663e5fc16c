namespace LatentDiffusion.Models;

/// <summary>A class of tokenizers, or of other components that are not networks.</summary>
internal sealed class FilesType(
    string className, Type type, Func<ComponentFolder, object?> open, Action<object, string> save, params IReadOnlyList<string> alsoRead)
    : ComponentType(className, type)
{
    /// <summary>Which components of the type are of this class. Default all.</summary>
    public Func<object, bool> IsOfClass { get; init; } = _ => true;

    internal override string Library => "transformers";

    internal override bool Reads(string name) => base.Reads(name) || alsoRead.Contains(name);

    internal override bool Writes(object component) => base.Writes(component) && IsOfClass(component);

    internal override object? Read(ComponentFolder folder) => open(folder);

    public void Save(object component, string folder)
    {
        Directory.CreateDirectory(folder);
        save(component, folder);
    }
}
