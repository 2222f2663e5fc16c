using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// A family of models: which folders and files are its own, which components it has, how they make a model, and how LoRA files
/// name its layers. Everything that reads, runs, trains or patches a model finds the family through
/// <see cref="ModelComponents.Family"/>. Immutable and safe for concurrent use.
/// </summary>
public abstract class ModelFamily
{
    /// <summary>Its name, for messages.</summary>
    public abstract string Name { get; }

    /// <summary>Classes of its pipelines, as <c>_class_name</c> of <c>model_index.json</c> has them; the first is the usual one.</summary>
    public abstract IReadOnlyList<string> PipelineClasses { get; }

    /// <summary>The components that its pipelines have, in the order in which they are read.</summary>
    public abstract IReadOnlyList<ComponentDescription> Components { get; }

    /// <summary>
    /// The classes of components that are its own. Those of autoencoders, CLIP text encoders and their tokenizers are known to
    /// every family.
    /// </summary>
    public virtual IReadOnlyList<ComponentType> ComponentTypes => [];

    /// <summary>
    /// The networks that LoRA files patch. A key that names none of them belongs to the first. Default none: such files are
    /// refused.
    /// </summary>
    public virtual IReadOnlyList<LoraComponent> LoraComponents => [];

    /// <summary>Makes a model of components.</summary>
    /// <param name="components">The components, at least the required ones unless <see cref="ModelComponents.IsPartial"/>.</param>
    /// <param name="device">Where the model computes.</param>
    /// <exception cref="InvalidDataException">They contradict each other; the message says how.</exception>
    /// <exception cref="NotSupportedException">They are of a kind that a pipeline does not run; the message says which.</exception>
    public abstract DiffusionModel CreateModel(ModelComponents components, Device device);

    /// <summary>Makes the parts of a model that training reads. Default refused.</summary>
    /// <param name="components">The components, whose networks the parts share.</param>
    /// <exception cref="InvalidDataException">They contradict each other, or lack one; the message says which.</exception>
    /// <exception cref="NotSupportedException">Models of the family cannot be trained.</exception>
    public virtual TrainableModel CreateTrainable(ModelComponents components) =>
        throw new NotSupportedException($"{Name} models cannot be trained.");

    /// <summary>
    /// Beginnings of the names of tensors by which a single file is known to be a model of the family: one tensor is enough.
    /// Default none.
    /// </summary>
    public virtual IReadOnlyList<string> SingleFilePrefixes => [];

    /// <summary>Reads the components of a single file of the family.</summary>
    /// <param name="file">The file, which the caller closes.</param>
    /// <param name="options">How it is loaded.</param>
    /// <param name="model">Settings that the file does not contain.</param>
    /// <exception cref="CheckpointException">The file has tensors that fit no network, or lacks some.</exception>
    public virtual ModelComponents ReadFile(ITensorSource file, CheckpointOptions options, SingleFileOptions model) =>
        throw new NotSupportedException($"A {Name} model cannot be read from a single file.");

    /// <summary>Writes the components as a single file with the names of the original code. Default refused.</summary>
    /// <exception cref="NotSupportedException">The family, or a component, has no such form; the message says which.</exception>
    internal virtual void WriteFile(ModelComponents components, string path, ScalarType? type) =>
        throw new NotSupportedException($"A {Name} model cannot be written as a single file.");

    /// <summary>Reads one network of a single file: one on its own, or that of a whole model. Default null.</summary>
    /// <param name="file">The file, which the caller closes.</param>
    /// <param name="type">Type of the network, or one that it derives from.</param>
    /// <param name="options">How it is loaded.</param>
    /// <returns>The network; null where the family has none of that type in such files.</returns>
    /// <exception cref="CheckpointException">The file has tensors that do not fit the network, or lacks some.</exception>
    public virtual nn.Module? ReadNetworkFile(ITensorSource file, Type type, CheckpointOptions options) => null;

    /// <summary>
    /// The ControlNets among a model's components, with their names and in the order of their images. They share the components'
    /// networks. Default none.
    /// </summary>
    internal virtual IEnumerable<(string Name, IControlNet Network)> ControlNets(ModelComponents components) => [];

    /// <summary>Reads a ControlNet of the family's models from a folder or file; null, the default: the family has none.</summary>
    /// <exception cref="CheckpointException">The file has tensors that do not fit the network, or lacks some.</exception>
    /// <exception cref="InvalidDataException">It is another network.</exception>
    internal virtual IControlNet? ReadControlNet(string path, CheckpointOptions options) => null;

    /// <summary>
    /// The T2I-Adapters among a model's components, with their names and in the order of their images. They share the components'
    /// networks. Default none.
    /// </summary>
    internal virtual IEnumerable<(string Name, IT2IAdapter Network)> T2IAdapters(ModelComponents components) => [];

    /// <summary>Reads a T2I-Adapter of the family's models from a folder or file; null, the default: the family has none.</summary>
    /// <exception cref="CheckpointException">The file has tensors that do not fit the network, or lacks some.</exception>
    /// <exception cref="InvalidDataException">It is another network.</exception>
    internal virtual IT2IAdapter? ReadT2IAdapter(string path, CheckpointOptions options) => null;

    /// <summary>How LoRA files name the layers of a component.</summary>
    /// <param name="component">Name of the component.</param>
    /// <exception cref="ArgumentException">LoRA files do not patch it; the message lists those that they do.</exception>
    public LoraComponent Lora(string component)
    {
        string[] names = [.. LoraComponents.Select(known => known.Name)];
        return LoraComponents.FirstOrDefault(known => known.Name == component) ?? throw new ArgumentException(
            $"'{component}' is not a component of {Name} that LoRA files patch; expected {MessageText.List(names)}.", nameof(component));
    }

    /// <summary>The class of a component that a folder names; null where it is not known.</summary>
    internal ComponentType? TypeOf(string className) => Types.FirstOrDefault(type => type.Reads(className));

    /// <summary>The class that a component is written as.</summary>
    /// <exception cref="NotSupportedException">None is.</exception>
    internal ComponentType TypeOf(object component) => Types.FirstOrDefault(type => type.Writes(component))
        ?? throw new NotSupportedException($"A {component.GetType().Name} cannot be written: it is not a component of {Name}.");

    /// <summary>The class of a type of networks that only one class has.</summary>
    internal ComponentType TypeOf(Type type) => Types.First(known => known.Type == type);

    /// <summary>The family's classes before the shared ones.</summary>
    private IEnumerable<ComponentType> Types => ComponentTypes.Concat(SharedComponentTypes.All);
}
