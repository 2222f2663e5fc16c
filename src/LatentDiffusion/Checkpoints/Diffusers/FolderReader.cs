using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Reads the components that a <c>model_index.json</c> names and the model's family has.</summary>
/// <param name="root">The model's folder.</param>
/// <param name="index">Its index.</param>
/// <param name="options">How it is loaded.</param>
internal sealed class FolderReader(string root, JsonObject index, CheckpointOptions options)
{
    private readonly string _indexPath = Path.Combine(root, DiffusersFolder.IndexFile);
    private readonly OrderedDictionary<string, object> _read = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WeightsLayout> _layouts = [];

    public ModelComponents Read()
    {
        ModelFamily family = ModelFamilies.ForIndex(options.Families, index, _indexPath);
        string pipelineClass = ModelIndex.PipelineClass(index) ?? family.PipelineClasses[0];
        LogIgnored(family);
        foreach (ComponentDescription component in family.Components)
            if (component.IsRequired && ModelIndex.ClassOf(index, component.Name) is null) throw Missing(component, family, pipelineClass);
        // Before the weights, which take longer.
        SchedulerConfig scheduler = ReadScheduler();
        try
        {
            foreach (ComponentDescription component in family.Components) Read(component, family);
            return new ModelComponents(family, pipelineClass, scheduler, _read)
            {
                Settings = ModelIndex.Settings(index), Index = index, Folder = root, Layouts = _layouts,
            };
        }
        catch
        {
            foreach (nn.Module network in _read.Values.OfType<nn.Module>()) network.Dispose();
            throw;
        }
    }

    /// <summary>A safety checker, a feature extractor, and additional components of other projects' pipelines.</summary>
    private void LogIgnored(ModelFamily family)
    {
        string[] others =
        [
            .. index.Select(entry => entry.Key).Where(name => ModelIndex.ClassOf(index, name) is not null
                && name != DiffusersFolder.Scheduler && family.Components.All(component => component.Name != name)),
        ];
        if (others.Length > 0) options.Logger?.ComponentsIgnored(_indexPath, MessageText.List(others));
    }

    private InvalidDataException Missing(ComponentDescription component, ModelFamily family, string pipelineClass)
    {
        string[] named = [.. index.Select(entry => entry.Key).Where(key => ModelIndex.ClassOf(index, key) is not null)];
        return new InvalidDataException(
            $"{_indexPath} has no component '{component.Name}', which a pipeline of the {family.Name} family needs. "
            + $"It describes a {MessageText.Truncate(pipelineClass, 100)} of {MessageText.List(named)}.");
    }

    /// <summary>Reads a component, or of a list as many as there are numbered folders; the index does not give their number.</summary>
    private void Read(ComponentDescription component, ModelFamily family)
    {
        if (ModelIndex.ClassOf(index, component.Name) is not { } className) return;
        if (className != component.ListClass)
        {
            Read(component.Name, component.Type, className, family);
            return;
        }

        int i = 0;
        do Read(component.NameAt(i), component.Type, ClassAt(component.NameAt(i++)), family);
        while (Directory.Exists(Path.Combine(root, component.NameAt(i))));

        string ClassAt(string name) => DiffusersComponent.ClassOf(FolderPath.Component(root, name));
    }

    private void Read(string name, Type expected, string className, ModelFamily family)
    {
        ComponentType type = family.TypeOf(className)
            ?? throw new NotSupportedException(
                $"{_indexPath}: the class '{MessageText.Truncate(className, 100)}' of '{name}' is not known.");
        if (!type.Type.IsAssignableTo(expected)) throw new InvalidDataException($"{_indexPath} says that '{name}' is a {className}.");
        var folder = new ComponentFolder(FolderPath.Component(root, name), name, options, _read) { Layouts = _layouts };
        if (type.Read(folder) is { } component) _read.Add(name, component);
    }

    private SchedulerConfig ReadScheduler()
    {
        string path = Path.Combine(FolderPath.Component(root, DiffusersFolder.Scheduler), DiffusersFolder.SchedulerFile);
        SchedulerConfig config = PublishedJson.Named(path, () => SchedulerConfig.Parse(PublishedJson.ReadText(path)));
        return config.ClassName is null && ModelIndex.ClassOf(index, DiffusersFolder.Scheduler) is { } className
            ? config.WithClass(className)
            : config;
    }
}
