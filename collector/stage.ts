/**
 * A stage takes a batch and returns a batch, in order, with its state inside it and its limits stated.
 * It never reaches into another stage, and never throws for what an event contains.
 */
export type Stage<In, Out> = (batch: In[]) => Out[];
