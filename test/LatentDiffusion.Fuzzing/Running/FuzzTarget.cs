namespace LatentDiffusion.Fuzzing;

/// <summary>A reader, its inputs, and the exceptions with which it may refuse them.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Make">Creates an input: the same random numbers give the same input.</param>
/// <param name="Read">Passes the input to the reader, and uses everything that the reader returns.</param>
/// <param name="Documented">Exceptions in the reader's documentation. Any other is a failure.</param>
public sealed record FuzzTarget(string Name, Func<Random, byte[]> Make, Action<byte[]> Read, params Type[] Documented)
{
    /// <summary>Whether the reader's documentation names an exception, or a base of it.</summary>
    public bool Documents(Exception exception) => Documented.Any(type => type.IsInstanceOfType(exception));
}
