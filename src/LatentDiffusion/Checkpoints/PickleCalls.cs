namespace LatentDiffusion;

/// <summary>What the known globals give when a checkpoint calls them.</summary>
internal static class PickleCalls
{
    /// <summary>The result of calling one of the known globals with a tuple of arguments.</summary>
    public static object Reduce(object?[] call) => call switch
    {
        [PickleGlobal { Role: PickleGlobal.Kind.Dictionary }, object?[] and []] => new Dictionary<string, object?>(),
        [PickleGlobal { Role: PickleGlobal.Kind.Size }, object?[] and [var sizes]] =>
            Numbers(sizes, "torch.Size").Cast<object?>().ToArray(),
        [PickleGlobal { Role: PickleGlobal.Kind.Tensor }, object?[] arguments] => Tensor(arguments),
        [PickleGlobal { Role: PickleGlobal.Kind.Parameter }, object?[] and [PickledTensor tensor, ..]] => tensor,
        [PickleGlobal global, _] => throw new FormatException($"The pickle calls '{global.Name}' with unexpected arguments."),
        _ => throw new FormatException("The pickle calls something that is no global."),
    };

    /// <summary>
    /// The storage that a persistent id stands for: ('storage', type, key, device, number of values), and in files of
    /// before PyTorch 1.6 which part of it, as (key, first value, number of values), or None.
    /// </summary>
    public static PickledStorage Storage(object? id) => id switch
    {
        object?[] and ["storage", PickleGlobal { Role: PickleGlobal.Kind.Storage } type, string key, string, long and >= 0 and var count, .. var part] =>
            new PickledStorage(key, type.Type!, count, Part(part)),
        _ => throw new FormatException("The pickle has a persistent id that is no storage."),
    };

    private static (long First, long Count)? Part(object?[] part) => part switch
    {
        [] or [null] => null,
        [object?[] and [string, long and >= 0 and var first, long and >= 0 and var count]] => (first, count),
        _ => throw new FormatException("The pickle has a persistent id that is no storage."),
    };

    private static PickledTensor Tensor(object?[] arguments)
    {
        // Before PyTorch 0.4 nothing followed the strides; whether it requires a gradient does since.
        if (arguments is not [PickledStorage storage, long and >= 0 and var offset, var shape, var strides, .. var rest] || rest is not ([] or [bool, ..]))
            throw new FormatException("The pickle makes a tensor of unexpected arguments.");
        long[] sizes = Numbers(shape, "a shape"), steps = Numbers(strides, "strides");
        return sizes.Length == steps.Length
            ? new PickledTensor(storage, offset, sizes, steps)
            : throw new FormatException("The pickle makes a tensor with as many strides as it has not dimensions.");
    }

    private static long[] Numbers(object? value, string what)
    {
        const int MaximumDimensions = 64;
        if (value is not object?[] items || items.Length > MaximumDimensions || !items.All(i => i is long and >= 0))
            throw new FormatException($"The pickle has {what} that is no tuple of at most {MaximumDimensions} numbers from 0.");
        return [.. items.Select(i => (long)i!)];
    }
}
