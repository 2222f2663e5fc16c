using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Writes a pipeline's components.</summary>
/// <param name="components">The components.</param>
/// <param name="root">The folder.</param>
/// <param name="floatingPoint">Type of the weights; null for that of the files they were read from, or else their own.</param>
internal sealed class FolderWriter(ModelComponents components, string root, ScalarType? floatingPoint)
{
    public void Write()
    {
        if (components.Folder is { } source && Path.GetFullPath(source) == root)
            throw new ArgumentException($"{root} is the folder that the components were read from; write to another.");
        Directory.CreateDirectory(root);
        // From now on, and until all is written, the folder is not a model.
        File.Delete(Path.Combine(root, DiffusersFolder.IndexFile));
        foreach (string name in components.Names) Write(name, components[name]!);
        foreach (ComponentDescription list in components.Family.Components.Where(component => component.ListClass is not null))
            DeleteFurther(list);
        Directory.CreateDirectory(Part(DiffusersFolder.Scheduler));
        AtomicFile.Write(Path.Combine(Part(DiffusersFolder.Scheduler), DiffusersFolder.SchedulerFile), components.Scheduler.ToJson());
        JsonObject index = components.Index ?? MakeIndex();
        if (components.Folder is not null) CopyOthers(components.Folder, index);
        AtomicFile.Write(Path.Combine(root, DiffusersFolder.IndexFile), index.ToJsonString(ModelConfigJson.Options));
    }

    private string Part(string name) => Path.Combine(root, name);

    private void Write(string name, object component)
    {
        switch (components.Family.TypeOf(component))
        {
            case NetworkType type when components.Folder is { } partial && type.IsPartial((nn.Module)component):
                Copy(partial, name);
                break;
            case NetworkType type:
                var network = (nn.Module)component;
                using (NetworkUse weights = NetworkUse.ToRead(network))
                {
                    WeightsLayout? layout = floatingPoint is null ? components.Layouts.GetValueOrDefault(name) : null;
                    DiffusersComponent.Write(
                        network, type, Part(name), layout, floatingPoint, KnownArchitectures.Describe(network, components));
                }

                break;
            case FilesType when components is { Folder: { } source, Index: { } index } && ModelIndex.ClassOf(index, name) is not null:
                Copy(source, name);
                break;
            case FilesType type:
                type.Save(component, Part(name));
                break;
        }
    }

    /// <summary>Deletes the folders of a longer list that was here before: only the folders give the length of a list.</summary>
    private void DeleteFurther(ComponentDescription list)
    {
        for (int i = Math.Max(Count(list), 1); Directory.Exists(Part(list.NameAt(i))); i++)
            Directory.Delete(Part(list.NameAt(i)), recursive: true);
    }

    /// <summary>Components that are not read, for example a safety checker.</summary>
    private void CopyOthers(string source, JsonObject index)
    {
        string[] written = [.. components.Names, DiffusersFolder.Scheduler];
        foreach ((string name, _) in index)
            if (!written.Contains(name) && ModelIndex.ClassOf(index, name) is not null && Directory.Exists(Path.Combine(source, name)))
                Copy(source, name);
    }

    private void Copy(string source, string name)
    {
        string folder = FolderPath.Component(source, name);
        Directory.CreateDirectory(Part(name));
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            using FileStream from = File.OpenRead(file);
            AtomicFile.Write(Path.Combine(Part(name), Path.GetFileName(file)), from.CopyTo);
        }
    }

    private JsonObject MakeIndex()
    {
        var index = new JsonObject { ["_class_name"] = components.PipelineClass };
        foreach (ComponentDescription component in components.Family.Components)
        {
            if (components[component.Name] is not { } part) continue;
            ComponentType type = components.Family.TypeOf(part);
            index[component.Name] = new JsonArray(type.Library, Count(component) > 1 ? component.ListClass : type.ClassName);
        }

        index[DiffusersFolder.Scheduler] = new JsonArray("diffusers", components.Scheduler.ClassName);
        foreach ((string name, JsonNode? value) in components.Settings) index[name] = value?.DeepClone();
        return index;
    }

    private int Count(ComponentDescription component) => components.List<object>(component).Count;
}
